import type { BaseLogger } from 'pino'
import type {
  Conversation as ConversationView,
  PatchConversation,
} from '../../schemas/conversation.ts'
import { INITIAL_SUBMIT_ID } from '../../schemas/event.ts'
import type { Op } from '../../schemas/op.ts'
import type { SubmissionReceipt, TaskResult } from '../../schemas/submission.ts'
import type { TurnContext } from '../../schemas/turn-context.ts'
import { ParleyError } from '../errors.ts'
import { SerialQueue } from '../lib/serial-queue.ts'
import type { ConversationRecord, EventLog, EventSlice, ReadOptions } from '../log/event-log.ts'
import { EventWriter } from './event-writer.ts'
import { IdempotencyKeys, type IdempotentRequest } from './idempotency-keys.ts'
import type { MessageHistory } from './message-history.ts'
import { performOp, type OpParts } from './ops.ts'
import type { SpawnedSession } from './spawn-session.ts'
import { isQuiet, statusOf } from './states.ts'
import { admits } from './transition.ts'
import { Turns, type TaskCounts } from './turns.ts'

export interface ConversationLimits {
  /** Submissions that may wait, those for their turn and those for the loop together. */
  readonly maxQueuedSubmissions: number
  /** Milliseconds an aborted task has to end by itself. */
  readonly abortGraceMs: number
  readonly maxIdempotencyKeys: number
  readonly idempotencyKeepMs: number
}

export interface ConversationParts {
  readonly log: EventLog
  readonly history: MessageHistory
  readonly logger: BaseLogger
  readonly limits: ConversationLimits
  readonly counts: TaskCounts
}

/** What a conversation is born with. */
export interface ConversationBirth {
  readonly record: ConversationRecord
  readonly spawned: SpawnedSession
  readonly turnContext: TurnContext
}

/** A session and its event log: the rules that are the same for every agent. */
export class Conversation {
  readonly id: string
  readonly #parts: ConversationParts
  readonly #writer: EventWriter
  readonly #turns: Turns
  readonly #opParts: OpParts
  readonly #loop = new SerialQueue()
  readonly #keys: IdempotencyKeys<SubmissionReceipt>
  #record: ConversationRecord

  /** The log holds `session_configured` as event 1. */
  constructor(birth: ConversationBirth, parts: ConversationParts) {
    const { record, spawned, turnContext } = birth
    const { session } = spawned
    const { log, history, logger, limits, counts } = parts
    this.id = record.conversation_id
    this.#parts = parts
    this.#record = record
    this.#writer = new EventWriter({ log, logger }, this.id, { seq: 1, at: record.created_at })
    const { abortGraceMs, maxIdempotencyKeys: maxKeys, idempotencyKeepMs: keepMs } = limits
    this.#turns = new Turns({ session, writer: this.#writer, logger, counts, abortGraceMs })
    this.#opParts = {
      conversationId: this.id,
      turns: this.#turns,
      writer: this.#writer,
      session,
      history,
      turnContext,
    }
    this.#keys = new IdempotencyKeys({ maxKeys, keepMs })
    spawned.events.attach(({ msg }) => {
      const taken = this.#turns.hasSession && msg.type === 'error'
      if (taken) this.#writer.emit(INITIAL_SUBMIT_ID, msg)
    })
  }

  /** The last seq that readers can see. */
  get lastSeq(): number {
    return this.#writer.storedSeq
  }

  /** Whether nothing runs or waits, for a reader that has seen everything up to `seq`. */
  quietAt(seq: number): boolean {
    return isQuiet[this.status] && seq >= this.#writer.lastSeq
  }

  /** Whether it was shut down, for a reader that has seen everything up to `seq`. */
  closedAt(seq: number): boolean {
    return this.#turns.state === 'closed' && seq >= this.#writer.lastSeq
  }

  get status(): ConversationView['status'] {
    return statusOf[this.#turns.state]
  }

  get queueDepth(): number {
    return this.#turns.queued.length + this.#loop.size
  }

  /**
   * Puts an op into the submission queue. Resolves when it took effect and the log holds what it
   * caused so far. An interrupt waits behind nothing.
   */
  async submit(
    op: Op,
    request?: IdempotentRequest,
  ): Promise<{ readonly receipt: SubmissionReceipt; readonly replayed: boolean }> {
    const { answer, replayed } = await this.#keys.once(request, () => this.#submit(op))
    return { receipt: answer, replayed }
  }

  /**
   * How the task that a submission started, or joined, ended. Undefined if `signal` comes first,
   * or if the task ended too long ago to be remembered.
   */
  async taskResult(
    receipt: SubmissionReceipt,
    signal: AbortSignal,
  ): Promise<TaskResult | undefined> {
    const { submission_id, after } = receipt
    const task = receipt.task_submission_id ?? submission_id
    const result = await this.#turns.results.wait(task, signal)
    if (result === undefined) return undefined
    const { last_seq, ...ended } = result
    return { ...ended, submission_id, after, last_seq }
  }

  read(options: ReadOptions): Promise<EventSlice> {
    return this.#parts.log.read(this.id, options)
  }

  /** Calls `wake` when there may be more to read. Returns the function that ends it. */
  watch(wake: () => void): () => void {
    return this.#parts.log.watch(this.id, wake)
  }

  async patch(changes: PatchConversation): Promise<void> {
    const { title, metadata } = changes
    this.#record = await this.#parts.log.update(this.id, {
      ...(title === undefined ? {} : { title }),
      ...(metadata === undefined ? {} : { metadata }),
    })
  }

  /**
   * Shuts it down, unless that was done. Resolves when its session has ended and the log holds its
   * last event, or cannot hold any more.
   */
  async shutdown(): Promise<void> {
    if (admits(this.#turns.state, 'shutdown')) this.#turns.shutdown()
    await this.#turns.ended
    await this.#writer.stored().catch(() => undefined)
  }

  /**
   * Ends the session but not the conversation. The running task may end by itself until
   * `deadline` is aborted; what is queued is dropped.
   */
  async suspend(deadline: AbortSignal): Promise<void> {
    this.#turns.dropQueue('shutdown')
    const { active } = this.#turns
    if (active !== undefined) await this.#turns.results.wait(active.task.submissionId, deadline)
    await this.#turns.suspend()
    await this.#writer.stored().catch(() => undefined)
  }

  /** What callers see of it. */
  view(): ConversationView {
    const { conversation_id, session_configured, title, metadata, created_at } = this.#record
    const { agent, model_provider } = session_configured
    const { model, cwd } = this.#opParts.turnContext
    return {
      conversation_id,
      status: this.status,
      agent,
      model,
      model_provider,
      cwd,
      title,
      metadata: { ...metadata },
      created_at,
      updated_at: this.#writer.lastAt,
      last_seq: this.lastSeq,
      active_task: this.#activeTask(),
      queued: [...this.#turns.queued],
      usage: this.#turns.usage,
      session_configured,
    }
  }

  async #submit(op: Op): Promise<SubmissionReceipt> {
    const receipt =
      op.type === 'interrupt' ? await this.#perform(op) : await this.#performInTurn(op)
    await this.#writer.stored()
    return receipt
  }

  async #performInTurn(op: Op): Promise<SubmissionReceipt> {
    const { maxQueuedSubmissions } = this.#parts.limits
    if (op.type !== 'shutdown' && this.queueDepth >= maxQueuedSubmissions) {
      throw new ParleyError('queue_full', `${maxQueuedSubmissions} submissions wait already.`, {
        retryAfter: 1,
      })
    }
    return this.#loop.run(() => this.#perform(op))
  }

  async #perform(op: Op): Promise<SubmissionReceipt> {
    const after = this.#writer.lastSeq
    return { ...(await performOp(this.#opParts, op)), after }
  }

  #activeTask(): ConversationView['active_task'] {
    const { active } = this.#turns
    if (active === undefined) return null
    return { submission_id: active.task.submissionId, started_at: active.startedAt }
  }
}
