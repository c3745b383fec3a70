import type { BaseLogger } from 'pino'
import type { EventMsg } from '../../schemas/event.ts'
import type { EventLog, NewEvent } from '../log/event-log.ts'

/** Events that may wait for the log before a task has to wait for it too. */
const maxWaiting = 256

export interface EventWriterParts {
  readonly log: EventLog
  readonly logger: BaseLogger
}

interface Waiter {
  readonly seq: number
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/**
 * Writes one conversation's events, in the order they were emitted. Appends do not overlap: what
 * is emitted while one runs goes into the next. After a failed append nothing more is written:
 * what would follow would leave a gap.
 */
export class EventWriter {
  readonly #log: EventLog
  readonly #logger: BaseLogger
  readonly #id: string
  #waiting: NewEvent[] = []
  #waiters: Waiter[] = []
  #storedSeq: number
  #lastSeq: number
  #lastAt: string
  #running = false
  #failure: { readonly error: unknown } | undefined

  /** `last`: where the conversation's log ends now. */
  constructor(
    { log, logger }: EventWriterParts,
    id: string,
    last: { readonly seq: number; readonly at: string },
  ) {
    this.#log = log
    this.#logger = logger
    this.#id = id
    this.#storedSeq = last.seq
    this.#lastSeq = last.seq
    this.#lastAt = last.at
  }

  /** The seq of the last event emitted, whether the log holds it yet or not. */
  get lastSeq(): number {
    return this.#lastSeq
  }

  /** The seq of the last event the log holds. */
  get storedSeq(): number {
    return this.#storedSeq
  }

  /** When the last event was emitted; RFC 3339. */
  get lastAt(): string {
    return this.#lastAt
  }

  /** Hands an event to the log and returns the seq it gets. Does nothing once the log failed. */
  emit(submissionId: string, msg: EventMsg): number {
    if (this.#failure !== undefined) return this.#lastSeq
    this.#lastAt = new Date().toISOString()
    this.#lastSeq += 1
    this.#waiting.push({ at: this.#lastAt, submission_id: submissionId, msg })
    this.#run()
    return this.#lastSeq
  }

  /** Resolves once the log holds every event emitted so far; fails if it could not take them. */
  stored(): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure.error)
    if (this.#storedSeq >= this.#lastSeq) return Promise.resolve()
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#waiters.push({ seq: this.#lastSeq, resolve, reject })
    return promise
  }

  /** Resolves at once, or, while too much waits for the log, once it has caught up. */
  ready(): Promise<void> {
    return this.#waiting.length < maxWaiting ? Promise.resolve() : this.stored()
  }

  #run(): void {
    if (this.#running) return
    this.#running = true
    queueMicrotask(() => void this.#appendAll())
  }

  async #appendAll(): Promise<void> {
    try {
      while (this.#waiting.length > 0) {
        const events = this.#waiting
        this.#waiting = []
        await this.#log.append(this.#id, this.#storedSeq, events)
        this.#storedSeq += events.length
        this.#wakeStored()
      }
    } catch (error) {
      this.#fail(error)
    }
    this.#running = false
  }

  #wakeStored(): void {
    while (this.#waiters[0] !== undefined && this.#waiters[0].seq <= this.#storedSeq) {
      this.#waiters.shift()?.resolve()
    }
  }

  #fail(error: unknown): void {
    this.#logger.error({ err: error, conversation_id: this.#id }, 'the log took no events')
    this.#failure = { error }
    this.#waiting = []
    this.#lastSeq = this.#storedSeq
    for (const waiter of this.#waiters) waiter.reject(error)
    this.#waiters = []
  }
}
