import { z } from 'zod'
import { InputItem } from './input-item.ts'
import { ApprovalPolicy, SandboxPolicy } from './policies.ts'
import { TokenUsage } from './token-usage.ts'

/** What a session answers about itself when it starts: event 1 without its `type`. */
export const SessionConfigured = z
  .object({
    session_id: z.string(),
    model: z.string(),
    model_provider: z.string(),
    agent: z.string(),
    cwd: z.string(),
    approval_policy: ApprovalPolicy,
    sandbox_policy: SandboxPolicy,
    history_log_id: z.int().meta({ description: 'Names the message history file; 0: none yet.' }),
    history_entry_count: z.int(),
  })
  .meta({ id: 'SessionConfigured' })
export type SessionConfigured = z.infer<typeof SessionConfigured>

/** What an `error` event is about. */
export const EventErrorCode = z
  .enum([
    'model_auth',
    'model_quota',
    'model_rejected',
    'model_unreachable',
    'model_incomplete',
    'context_window_exceeded',
    'history_unavailable',
    'internal',
  ])
  .meta({ id: 'EventErrorCode' })
export type EventErrorCode = z.infer<typeof EventErrorCode>

/** A line of the message history that all sessions of a CODEX_HOME share. */
export const MessageHistoryEntry = z
  .object({ session_id: z.string(), ts: z.int(), text: z.string() })
  .meta({ id: 'MessageHistoryEntry' })
export type MessageHistoryEntry = z.infer<typeof MessageHistoryEntry>

/** How a user's message got to the agent. */
const MessageDelivery = z.enum(['start', 'steer', 'queue']).meta({
  id: 'MessageDelivery',
  description: 'start: began a task; steer: joined the running task; queue: waits for its turn.',
})

/** Why a turn ended before its time. */
export const AbortReason = z.enum(['interrupted', 'shutdown']).meta({ id: 'AbortReason' })
export type AbortReason = z.infer<typeof AbortReason>

const message = <Type extends string, Shape extends z.ZodRawShape>(type: Type, shape: Shape) =>
  z.object({ type: z.literal(type), ...shape }).meta({ title: type })

/** Every kind of event, told apart by `type`. */
export const EventMsg = z
  .discriminatedUnion('type', [
    message('session_configured', SessionConfigured.shape),
    message('user_message', { items: z.array(InputItem), delivery: MessageDelivery }),
    message('task_started', {}),
    message('agent_message_delta', { delta: z.string() }),
    message('agent_message', { message: z.string() }),
    message('agent_reasoning_delta', { delta: z.string() }),
    message('agent_reasoning', { text: z.string() }),
    message('agent_reasoning_raw_content_delta', { delta: z.string() }),
    message('agent_reasoning_raw_content', { text: z.string() }),
    message('agent_reasoning_section_break', {}),
    message('token_count', TokenUsage.shape),
    message('get_history_entry_response', {
      offset: z.int(),
      log_id: z.int(),
      entry: MessageHistoryEntry.nullable(),
    }),
    message('conversation_history', {
      conversation_id: z.string(),
      entries: z.array(z.record(z.string(), z.unknown())),
    }),
    message('stream_error', { message: z.string() }),
    message('error', { message: z.string(), code: EventErrorCode }),
    message('task_complete', { last_agent_message: z.string().nullable() }),
    message('turn_aborted', { reason: AbortReason }),
    message('shutdown_complete', {}),
  ])
  .meta({ id: 'EventMsg', description: 'What happened, told apart by `type`.' })
export type EventMsg = z.infer<typeof EventMsg>
export type EventType = EventMsg['type']

export const eventTypes: readonly EventType[] = EventMsg.options.map(
  (option) => option.shape.type.value,
)

/** One event of a conversation's log. */
export const Event = z
  .object({
    seq: z.int().min(1).meta({ description: 'Contiguous from 1; the cursor of every read.' }),
    at: z.iso.datetime({ precision: 3 }),
    submission_id: z.string().meta({
      description: 'The submission that caused it; empty for the start of the session.',
    }),
    msg: EventMsg,
  })
  .meta({ id: 'Event' })
export type Event = z.infer<typeof Event>

/** The submission id of the session's own start. */
export const INITIAL_SUBMIT_ID = ''
