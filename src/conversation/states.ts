import type { ConversationStatus } from '../../schemas/conversation.ts'

/**
 * Where a conversation stands.
 * - `idle`: no task.
 * - `running`: a task runs.
 * - `aborting`: an interrupt was answered; the task has not ended yet.
 * - `closing`, `closed`: a shutdown was asked for; it is done.
 * - `suspending`, `suspended`: its session ends, the conversation does not (the process goes down).
 */
export type State =
  | 'idle'
  | 'running'
  | 'aborting'
  | 'closing'
  | 'closed'
  | 'suspending'
  | 'suspended'

/** What can happen to a conversation. */
export type Trigger =
  | 'input_steer'
  | 'input_queue'
  | 'input_reject'
  | 'override'
  | 'query'
  | 'interrupt'
  | 'shutdown'
  | 'suspend'
  | 'task_ended'
  | 'session_closed'

/** What is done about it. `defect` means that it cannot happen. */
export type Action =
  | 'start'
  | 'steer'
  | 'enqueue'
  | 'apply'
  | 'abort'
  | 'continue'
  | 'close_session'
  | 'finish'
  | 'nothing'
  | 'refuse_running'
  | 'refuse_closed'
  | 'refuse_suspended'
  | 'defect'

export interface Transition {
  readonly action: Action
  readonly next: State
}

const to = (action: Action, next: State): Transition => ({ action, next })

/** Every state meets every trigger; a missing pair does not compile. */
export const transitions: Readonly<Record<State, Readonly<Record<Trigger, Transition>>>> = {
  idle: {
    input_steer: to('start', 'running'),
    input_queue: to('start', 'running'),
    input_reject: to('start', 'running'),
    override: to('apply', 'idle'),
    query: to('apply', 'idle'),
    interrupt: to('nothing', 'idle'),
    shutdown: to('close_session', 'closing'),
    suspend: to('close_session', 'suspending'),
    task_ended: to('defect', 'idle'),
    session_closed: to('defect', 'idle'),
  },
  running: {
    input_steer: to('steer', 'running'),
    input_queue: to('enqueue', 'running'),
    input_reject: to('refuse_running', 'running'),
    override: to('apply', 'running'),
    query: to('apply', 'running'),
    interrupt: to('abort', 'aborting'),
    shutdown: to('abort', 'closing'),
    suspend: to('abort', 'suspending'),
    task_ended: to('continue', 'idle'),
    session_closed: to('defect', 'running'),
  },
  aborting: {
    input_steer: to('enqueue', 'aborting'),
    input_queue: to('enqueue', 'aborting'),
    input_reject: to('refuse_running', 'aborting'),
    override: to('apply', 'aborting'),
    query: to('apply', 'aborting'),
    interrupt: to('abort', 'aborting'),
    shutdown: to('abort', 'closing'),
    suspend: to('abort', 'suspending'),
    task_ended: to('continue', 'idle'),
    session_closed: to('defect', 'aborting'),
  },
  closing: {
    input_steer: to('refuse_closed', 'closing'),
    input_queue: to('refuse_closed', 'closing'),
    input_reject: to('refuse_closed', 'closing'),
    override: to('refuse_closed', 'closing'),
    query: to('refuse_closed', 'closing'),
    interrupt: to('refuse_closed', 'closing'),
    shutdown: to('refuse_closed', 'closing'),
    suspend: to('nothing', 'closing'),
    task_ended: to('close_session', 'closing'),
    session_closed: to('finish', 'closed'),
  },
  closed: {
    input_steer: to('refuse_closed', 'closed'),
    input_queue: to('refuse_closed', 'closed'),
    input_reject: to('refuse_closed', 'closed'),
    override: to('refuse_closed', 'closed'),
    query: to('refuse_closed', 'closed'),
    interrupt: to('refuse_closed', 'closed'),
    shutdown: to('refuse_closed', 'closed'),
    suspend: to('nothing', 'closed'),
    task_ended: to('defect', 'closed'),
    session_closed: to('defect', 'closed'),
  },
  suspending: {
    input_steer: to('refuse_suspended', 'suspending'),
    input_queue: to('refuse_suspended', 'suspending'),
    input_reject: to('refuse_suspended', 'suspending'),
    override: to('refuse_suspended', 'suspending'),
    query: to('refuse_suspended', 'suspending'),
    interrupt: to('refuse_suspended', 'suspending'),
    shutdown: to('refuse_suspended', 'suspending'),
    suspend: to('nothing', 'suspending'),
    task_ended: to('close_session', 'suspending'),
    session_closed: to('nothing', 'suspended'),
  },
  suspended: {
    input_steer: to('refuse_suspended', 'suspended'),
    input_queue: to('refuse_suspended', 'suspended'),
    input_reject: to('refuse_suspended', 'suspended'),
    override: to('refuse_suspended', 'suspended'),
    query: to('refuse_suspended', 'suspended'),
    interrupt: to('refuse_suspended', 'suspended'),
    shutdown: to('refuse_suspended', 'suspended'),
    suspend: to('nothing', 'suspended'),
    task_ended: to('defect', 'suspended'),
    session_closed: to('defect', 'suspended'),
  },
}

/** What callers see of a state. */
export const statusOf: Readonly<Record<State, ConversationStatus>> = {
  idle: 'idle',
  running: 'running',
  aborting: 'running',
  closing: 'running',
  closed: 'closed',
  suspending: 'running',
  suspended: 'idle',
}

/** In which of them nothing is going on. */
export const isQuiet: Readonly<Record<ConversationStatus, boolean>> = {
  idle: true,
  running: false,
  closed: true,
}
