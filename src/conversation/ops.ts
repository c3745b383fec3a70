import type { EventMsg, MessageHistoryEntry } from '../../schemas/event.ts'
import { itemsOf, type Op, type OpOfType } from '../../schemas/op.ts'
import type { TurnContext, TurnContextOverrides } from '../../schemas/turn-context.ts'
import type { AgentSession } from '../agents/agent.ts'
import { checkDirectory } from './check-directory.ts'
import type { EventWriter } from './event-writer.ts'
import type { MessageHistory } from './message-history.ts'
import type { Effect, InputTrigger, Turns } from './turns.ts'

/** What ops work on. */
export interface OpParts {
  readonly conversationId: string
  readonly turns: Turns
  readonly writer: EventWriter
  readonly session: AgentSession
  readonly history: MessageHistory
  /** The settings of turns that bring none of their own. */
  turnContext: TurnContext
}

type Delivery = OpOfType<'user_input'>['delivery']
const inputTriggers: Readonly<Record<Delivery, InputTrigger>> = {
  steer: 'input_steer',
  queue: 'input_queue',
  reject: 'input_reject',
}

/** Does what a submission asks for. Resolves when it took effect; tasks go on beside it. */
export async function performOp(parts: OpParts, op: Op): Promise<Effect> {
  switch (op.type) {
    case 'user_input':
    case 'user_turn':
      return input(parts, op)
    case 'override_turn_context':
      return overrideTurnContext(parts, op)
    case 'interrupt':
      return parts.turns.interrupt(op.clear_queue)
    case 'add_to_history':
      return addToHistory(parts, op)
    case 'get_history_entry_request':
      return getHistoryEntry(parts, op)
    case 'get_history':
      return getHistory(parts)
    case 'shutdown':
      return parts.turns.shutdown()
  }
}

async function input(
  parts: OpParts,
  op: OpOfType<'user_input'> | OpOfType<'user_turn'>,
): Promise<Effect> {
  const overrides: TurnContextOverrides = op.type === 'user_turn' ? op : {}
  if (overrides.cwd !== undefined) await checkDirectory('/cwd', overrides.cwd)
  const context = withOverrides(parts.turnContext, overrides)
  return parts.turns.input(inputTriggers[op.delivery], { items: itemsOf(op), context })
}

async function overrideTurnContext(
  parts: OpParts,
  op: OpOfType<'override_turn_context'>,
): Promise<Effect> {
  if (op.cwd !== undefined) await checkDirectory('/cwd', op.cwd)
  const submission_id = parts.turns.apply('override')
  parts.turnContext = withOverrides(parts.turnContext, op)
  return { submission_id, outcome: 'applied' }
}

async function addToHistory(parts: OpParts, op: OpOfType<'add_to_history'>): Promise<Effect> {
  const submission_id = parts.turns.apply('query')
  const ts = Math.floor(Date.now() / 1000)
  await parts.history
    .add({ session_id: parts.conversationId, ts, text: op.text })
    .catch(() => emitHistoryUnavailable(parts, submission_id))
  return { submission_id, outcome: 'applied' }
}

async function getHistoryEntry(
  parts: OpParts,
  { offset, log_id }: OpOfType<'get_history_entry_request'>,
): Promise<Effect> {
  const submission_id = parts.turns.apply('query')
  const reply = (entry: MessageHistoryEntry | null): void => {
    emitLater(parts, submission_id, { type: 'get_history_entry_response', offset, log_id, entry })
  }
  await parts.history
    .entry(log_id, offset)
    .then(reply, () => emitHistoryUnavailable(parts, submission_id))
  return { submission_id, outcome: 'applied' }
}

function getHistory({ conversationId, turns, writer, session }: OpParts): Effect {
  const submission_id = turns.apply('query')
  writer.emit(submission_id, {
    type: 'conversation_history',
    conversation_id: conversationId,
    entries: [...session.history()],
  })
  return { submission_id, outcome: 'applied' }
}

function emitHistoryUnavailable(parts: OpParts, submissionId: string): void {
  const message = 'The message history could not be read or written.'
  emitLater(parts, submissionId, { type: 'error', code: 'history_unavailable', message })
}

/** Emits what came of a wait, unless the conversation has ended meanwhile. */
function emitLater({ turns, writer }: OpParts, submissionId: string, msg: EventMsg): void {
  if (turns.hasSession) writer.emit(submissionId, msg)
}

function withOverrides(context: TurnContext, overrides: TurnContextOverrides): TurnContext {
  return {
    cwd: overrides.cwd ?? context.cwd,
    approval_policy: overrides.approval_policy ?? context.approval_policy,
    sandbox_policy: overrides.sandbox_policy ?? context.sandbox_policy,
    model: overrides.model ?? context.model,
    effort: overrides.effort ?? context.effort,
    summary: overrides.summary ?? context.summary,
  }
}
