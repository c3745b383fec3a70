import { ParleyError } from '../errors.ts'
import { eventFrame } from '../lib/sse-frame.ts'
import type {
  ConversationRecord,
  EventLog,
  EventSlice,
  LoggedEvent,
  NewEvent,
  ReadOptions,
  RecordChanges,
  RecordPosition,
} from './event-log.ts'
import { EventWindow } from './event-window.ts'
import { WakeUps } from './wake-ups.ts'
import { indexOfPosition } from './index-of-position.ts'

export interface MemoryEventLogOptions {
  /** Bytes of encoded events kept per conversation; past it the oldest go, the newest stays. */
  readonly maxBytesPerConversation: number
}

interface Entry {
  record: ConversationRecord
  readonly window: EventWindow
}

/** Keeps everything in this process: it is gone with it. */
export class MemoryEventLog implements EventLog {
  readonly #options: MemoryEventLogOptions
  readonly #entries = new Map<string, Entry>()
  /** Oldest first: what comes new goes to the end. */
  readonly #order: RecordPosition[] = []
  readonly #wakeUps = new WakeUps()

  constructor(options: MemoryEventLogOptions) {
    this.#options = options
  }

  async create(record: ConversationRecord, events: readonly NewEvent[]): Promise<void> {
    const id = record.conversation_id
    if (this.#entries.has(id)) throw new Error(`conversation ${id} exists already`)
    const window = new EventWindow(this.#options.maxBytesPerConversation)
    window.push(encode(0, events))
    this.#entries.set(id, { record, window })
    const index = indexOfPosition(this.#order, record)
    if (index === this.#order.length) this.#order.push(record)
    else this.#order.splice(index, 0, record)
  }

  async append(id: string, expectedLastSeq: number, events: readonly NewEvent[]): Promise<void> {
    const { window } = this.#entry(id)
    if (window.lastSeq !== expectedLastSeq) {
      throw new ParleyError('internal', 'The conversation has another writer.', {
        cause: new Error(`expected last seq ${expectedLastSeq}, found ${window.lastSeq}`),
      })
    }
    window.push(encode(expectedLastSeq, events))
    this.#wakeUps.schedule(id)
  }

  async read(id: string, options: ReadOptions): Promise<EventSlice> {
    return this.#entry(id).window.slice(options)
  }

  watch(id: string, wake: () => void): () => void {
    return this.#wakeUps.watch(id, wake)
  }

  async get(id: string): Promise<ConversationRecord | undefined> {
    return this.#entries.get(id)?.record
  }

  async list(limit: number, after?: RecordPosition): Promise<readonly ConversationRecord[]> {
    const end = after === undefined ? this.#order.length : indexOfPosition(this.#order, after)
    const positions = this.#order.slice(Math.max(0, end - limit), end).toReversed()
    return positions.map((position) => this.#entry(position.conversation_id).record)
  }

  async update(id: string, changes: RecordChanges): Promise<ConversationRecord> {
    const entry = this.#entry(id)
    entry.record = { ...entry.record, ...changes }
    return entry.record
  }

  async delete(id: string): Promise<void> {
    const { record } = this.#entry(id)
    this.#entries.delete(id)
    this.#order.splice(indexOfPosition(this.#order, record), 1)
    this.#wakeUps.schedule(id)
  }

  async close(): Promise<void> {
    this.#entries.clear()
    this.#order.length = 0
  }

  #entry(id: string): Entry {
    const entry = this.#entries.get(id)
    if (entry === undefined) {
      throw new ParleyError('conversation_not_found', `There is no conversation ${id}.`)
    }
    return entry
  }
}

function encode(lastSeq: number, events: readonly NewEvent[]): LoggedEvent[] {
  return events.map((event, index) => {
    const seq = lastSeq + 1 + index
    return { seq, type: event.msg.type, frame: eventFrame(seq, JSON.stringify({ seq, ...event })) }
  })
}
