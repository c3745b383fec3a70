import type { Event, EventMsg, EventErrorCode } from '../../schemas/event.ts'
import type { InputItem } from '../../schemas/input-item.ts'
import type {
  ApprovalPolicy,
  ReasoningEffort,
  ReasoningSummary,
  SandboxPolicy,
} from '../../schemas/policies.ts'
import type { TurnContext } from '../../schemas/turn-context.ts'

/** An event without what the log adds. */
export type AgentEvent = Pick<Event, 'submission_id' | 'msg'>

/** What a task does not say: the conversation does, for every agent alike. */
type ConversationMsgType =
  | 'session_configured'
  | 'user_message'
  | 'task_started'
  | 'get_history_entry_response'
  | 'conversation_history'
  | 'error'
  | 'task_complete'
  | 'turn_aborted'
  | 'shutdown_complete'

/** What a task may say. */
export type TaskMsg = Exclude<EventMsg, { type: ConversationMsgType }>

/** What a create asked for; the agent fills in what is missing. */
interface RequestedSettings {
  readonly model?: string | undefined
  readonly model_provider?: string | undefined
  readonly cwd: string
  readonly approval_policy?: ApprovalPolicy | undefined
  readonly sandbox_policy?: SandboxPolicy | undefined
  readonly base_instructions?: string | undefined
  readonly reasoning_effort?: ReasoningEffort | undefined
  readonly reasoning_summary?: ReasoningSummary | undefined
}

export interface SpawnOptions {
  readonly conversationId: string
  readonly settings: RequestedSettings
  /** The state of the shared message history, for `session_configured`. */
  readonly history: { readonly logId: number; readonly entryCount: number }
  /**
   * Takes what the session says outside of tasks, in order. The first must be
   * `session_configured` with submission id `""`. After it only `error` events are taken, at any
   * time: what did not start, or broke.
   */
  readonly emit: (event: AgentEvent) => void
  /** Aborted when nobody waits for the session any more; the agent then leaves nothing behind. */
  readonly signal: AbortSignal
}

/** One turn: what the user said and the settings it runs under. */
export interface Task {
  readonly submissionId: string
  readonly items: readonly InputItem[]
  readonly context: TurnContext
}

export interface TaskIo {
  /**
   * Adds an event to the task. Resolves when the next may follow: at once, or, when the log is
   * behind, once it has caught up. After an abort it takes nothing any more and resolves.
   */
  emit(msg: TaskMsg): Promise<void>
  /** Aborted by an interrupt or a shutdown; every await of the task ends soon after. */
  readonly signal: AbortSignal
}

/** How a task ended. After an abort the conversation ignores it. */
export type TaskEnd =
  | { readonly status: 'completed'; readonly lastAgentMessage: string | null }
  | { readonly status: 'failed'; readonly code: EventErrorCode; readonly message: string }

/** One item of the model's history, in the agent's own form. */
export type HistoryEntry = Readonly<Record<string, unknown>>

/** A running session. Complete from birth: there is no configure call. */
export interface AgentSession {
  /**
   * Runs one task to its end. The conversation calls it for one task at a time, unless a task
   * ignored its abort for longer than the grace time. Throws only for defects.
   */
  runTask(task: Task, io: TaskIo): Promise<TaskEnd>
  /**
   * Adds a user's message to the running task. False where the task takes no more (none runs, or
   * it has decided to end): the message was then not taken.
   */
  steer(items: readonly InputItem[]): boolean
  /** What the model would be sent as history now. */
  history(): readonly HistoryEntry[]
  /** Ends the session and everything it started. Called once, with no task running. */
  close(): Promise<void>
}

/** Starts sessions. Knows neither HTTP nor the log. */
export interface Agent {
  readonly name: string
  /**
   * Starts a session. Throws a ParleyError `invalid_request` for settings it cannot serve; any
   * other error means that the session did not start. It then leaves nothing behind.
   */
  spawn(options: SpawnOptions): Promise<AgentSession>
}
