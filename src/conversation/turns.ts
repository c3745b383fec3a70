import type { BaseLogger } from 'pino'
import { INITIAL_SUBMIT_ID, type AbortReason } from '../../schemas/event.ts'
import type { InputItem } from '../../schemas/input-item.ts'
import type { SubmissionReceipt } from '../../schemas/submission.ts'
import { addTokens, noTokens, type TokenUsage } from '../../schemas/token-usage.ts'
import type { TurnContext } from '../../schemas/turn-context.ts'
import type { AgentSession, Task } from '../agents/agent.ts'
import { within } from '../lib/within.ts'
import type { EventWriter } from './event-writer.ts'
import type { Action, State, Transition, Trigger } from './states.ts'
import { TaskResults } from './task-results.ts'
import { TaskRun, terminalMsg, type RunEnd } from './task-run.ts'
import { transition } from './transition.ts'

/** How many tasks ended, by how. */
export type TaskCounts = Record<RunEnd['status'], number>

export interface TurnsParts {
  readonly session: AgentSession
  readonly writer: EventWriter
  readonly logger: BaseLogger
  readonly counts: TaskCounts
  /** Milliseconds an aborted task has to end, and a session to close. */
  readonly abortGraceMs: number
}

/** What a submission did, as its receipt says it. */
export type Effect = Omit<SubmissionReceipt, 'after'>

export type InputTrigger = Extract<Trigger, `input_${string}`>

export interface Turn {
  readonly items: readonly InputItem[]
  readonly context: TurnContext
}

/**
 * One conversation's tasks and its state. Everything that changes the state goes through the
 * table in states.ts and is done, with the events that say so, in one synchronous step. Methods
 * that the state refuses fail with the code the table names, and change nothing.
 */
export class Turns {
  readonly results = new TaskResults()
  readonly #parts: TurnsParts
  #state: State = 'idle'
  #queue: Task[] = []
  #run: TaskRun | undefined
  #usage = noTokens
  #nextSubmission = 0
  #shutdownId = INITIAL_SUBMIT_ID
  readonly #ended = Promise.withResolvers<void>()

  constructor(parts: TurnsParts) {
    this.#parts = parts
  }

  get state(): State {
    return this.#state
  }

  /** Whether its session has not been closed. */
  get hasSession(): boolean {
    return this.#state !== 'closed' && this.#state !== 'suspended'
  }

  get active(): TaskRun | undefined {
    return this.#run
  }

  get queued(): readonly string[] {
    return this.#queue.map((task) => task.submissionId)
  }

  /** The tokens of all tasks so far. */
  get usage(): TokenUsage {
    return addTokens(this.#usage, this.#run?.usage ?? noTokens)
  }

  /** Resolves when the session has been closed. */
  get ended(): Promise<void> {
    return this.#ended.promise
  }

  /** Starts a task, adds to the running one, or queues. */
  input(trigger: InputTrigger, turn: Turn): Effect {
    const { action } = this.#enter(trigger)
    const task = { ...turn, submissionId: this.#takeSubmissionId() }
    if (action === 'steer' && this.#run !== undefined && this.#parts.session.steer(task.items)) {
      this.#emitUserMessage(task, 'steer')
      const joined = this.#run.task.submissionId
      return { submission_id: task.submissionId, outcome: 'steered', task_submission_id: joined }
    }
    this.results.expect(task.submissionId)
    if (action === 'start') {
      this.#emitUserMessage(task, 'start')
      this.#start(task)
      return { submission_id: task.submissionId, outcome: 'started' }
    }
    this.#emitUserMessage(task, 'queue')
    this.#queue.push(task)
    return { submission_id: task.submissionId, outcome: 'queued' }
  }

  /** Admits an op that works beside the tasks and returns its submission id. */
  apply(trigger: Extract<Trigger, 'override' | 'query'>): string {
    this.#enter(trigger)
    return this.#takeSubmissionId()
  }

  /** Ends the running task, if any. Its end follows as an event; nobody waits for it here. */
  interrupt(clearQueue: boolean): Effect {
    const { action } = this.#enter('interrupt')
    const submission_id = this.#takeSubmissionId()
    if (clearQueue) this.dropQueue('interrupted')
    this.#run?.abort('interrupted')
    return { submission_id, outcome: action === 'abort' ? 'interrupted' : 'idle' }
  }

  /** Ends the conversation: its task, its queue, its session. `shutdown_complete` is last. */
  shutdown(): Effect {
    const { action } = this.#enter('shutdown')
    const submission_id = this.#takeSubmissionId()
    this.#shutdownId = submission_id
    this.#endSession(action)
    return { submission_id, outcome: 'closing' }
  }

  /** Ends the session without ending the conversation. Resolves when it has ended. */
  async suspend(): Promise<void> {
    const { action } = this.#enter('suspend')
    if (action !== 'nothing') this.#endSession(action)
    await this.ended
  }

  /** Drops what is queued; each dropped submission gets its `turn_aborted`. */
  dropQueue(reason: AbortReason): void {
    const dropped = this.#queue
    this.#queue = []
    for (const { submissionId } of dropped)
      this.#conclude(submissionId, { status: 'aborted', reason })
  }

  #endSession(action: Action): void {
    this.dropQueue('shutdown')
    if (action === 'close_session') void this.#closeSession()
    else this.#run?.abort('shutdown')
  }

  #start(task: Task): void {
    const run = new TaskRun(task, this.#parts)
    this.#run = run
    void run
      .end()
      .catch((error: unknown): RunEnd => {
        this.#parts.logger.error({ err: error, submission_id: task.submissionId }, 'task failed')
        return { status: 'failed', code: 'internal', message: 'The agent failed.' }
      })
      .then((end) => this.#taskEnded(run, end))
  }

  #taskEnded(run: TaskRun, end: RunEnd): void {
    this.#run = undefined
    this.#conclude(run.task.submissionId, end, run)
    const { action } = this.#enter('task_ended')
    if (action === 'close_session') void this.#closeSession()
    else this.#startNext()
  }

  #startNext(): void {
    const next = this.#queue.shift()
    if (next === undefined) return
    this.#enter('input_queue')
    this.#start(next)
  }

  /** Emits how a submission's task ended and, once that is stored, tells those who wait. */
  #conclude(submissionId: string, end: RunEnd, run?: TaskRun): void {
    const { writer, counts } = this.#parts
    const error = end.status === 'failed' ? { code: end.code, message: end.message } : null
    if (error !== null) writer.emit(submissionId, { type: 'error', ...error })
    const last_seq = writer.emit(submissionId, terminalMsg(end))
    if (run !== undefined) counts[end.status] += 1
    this.#usage = addTokens(this.#usage, run?.usage ?? noTokens)
    const result = {
      submission_id: submissionId,
      status: end.status,
      last_agent_message: end.status === 'completed' ? end.lastAgentMessage : null,
      error,
      usage: run?.usage ?? null,
      last_seq,
    }
    const settle = (): void => this.results.settle(result)
    void writer.stored().then(settle, settle)
  }

  async #closeSession(): Promise<void> {
    try {
      await within(this.#parts.session.close(), this.#parts.abortGraceMs)
    } catch (error) {
      this.#parts.logger.error({ err: error }, 'the session did not close')
    }
    const { action } = this.#enter('session_closed')
    if (action === 'finish') {
      this.#parts.writer.emit(this.#shutdownId, { type: 'shutdown_complete' })
    }
    this.#ended.resolve()
  }

  #emitUserMessage({ submissionId, items }: Task, delivery: 'start' | 'steer' | 'queue'): void {
    this.#parts.writer.emit(submissionId, { type: 'user_message', items: [...items], delivery })
  }

  #enter(trigger: Trigger): Transition {
    const entered = transition(this.#state, trigger)
    this.#state = entered.next
    return entered
  }

  #takeSubmissionId(): string {
    const id = String(this.#nextSubmission)
    this.#nextSubmission += 1
    return id
  }
}
