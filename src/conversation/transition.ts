import { ParleyError, shuttingDown } from '../errors.ts'
import { transitions, type Action, type State, type Transition, type Trigger } from './states.ts'

type Refusal = Extract<Action, `refuse_${string}`>

const refusals: Readonly<Record<Refusal, () => ParleyError>> = {
  refuse_running: () =>
    new ParleyError('task_running', 'A task is running; wait for its end or queue.'),
  refuse_closed: () => new ParleyError('conversation_closed', 'The conversation was shut down.'),
  refuse_suspended: shuttingDown,
}

/** What a trigger does in a state. Throws the ParleyError of a refusal, or for a defect. */
export function transition(state: State, trigger: Trigger): Transition {
  const found = transitions[state][trigger]
  if (isRefusal(found.action)) throw refusals[found.action]()
  if (found.action === 'defect') throw new Error(`${trigger} cannot happen in the state ${state}`)
  return found
}

/** Whether a trigger is not refused in a state. */
export function admits(state: State, trigger: Trigger): boolean {
  return !isRefusal(transitions[state][trigger].action)
}

function isRefusal(action: Action): action is Refusal {
  return action in refusals
}
