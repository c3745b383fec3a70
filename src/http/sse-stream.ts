import type { ServerResponse } from 'node:http'
import { ParleyError } from '../errors.ts'
import { commentFrame, controlFrame, cursorFrame, retryFrame } from '../lib/sse-frame.ts'
import type { EventSlice, LoggedEvent, ReadOptions } from '../log/event-log.ts'
import type { EventFilter } from './event-filter.ts'
import { joinFrames } from './join-frames.ts'

/** What a stream needs of a conversation. */
export interface StreamSource {
  readonly lastSeq: number
  read(options: ReadOptions): Promise<EventSlice>
  watch(wake: () => void): () => void
  quietAt(seq: number): boolean
  closedAt(seq: number): boolean
}

export interface SseStreamSettings {
  /** Milliseconds without data after which a comment goes out. */
  readonly heartbeatMs: number
  /** Milliseconds a reader may leave its socket full. */
  readonly stuckReaderMs: number
}

export interface SseStreamOptions {
  readonly source: StreamSource
  /** Its head is written. */
  readonly response: ServerResponse
  /** Milliseconds after which a reader that lost the stream comes back. */
  readonly retryMs: number
  readonly after: number
  /** Which events go out; undefined means all. */
  readonly wants: EventFilter | undefined
  readonly untilIdle: boolean
  readonly settings: SseStreamSettings
}

export type StreamEnd =
  | 'client_left'
  | 'closed'
  | 'idle'
  | 'draining'
  | 'stuck'
  | 'expired'
  | 'failed'

/** Bytes of one write, unless a single event is larger: what a stalled reader costs at most. */
const maxWriteBytes = 65_536
const maxWriteEvents = 1_024

/**
 * One reader of a conversation: a cursor into the log and a wake-up. It reads what follows the
 * cursor, writes it in one piece, waits until the socket has drained, and reads again; at the end
 * it waits to be woken. Nothing is queued for it.
 */
export class SseStream {
  readonly #options: SseStreamOptions
  readonly #unwatch: () => void
  readonly #heartbeat: NodeJS.Timeout
  /** Runs while the socket is full. */
  #full: NodeJS.Timeout | undefined
  #cursor: number
  /** The last `id:` that went out. */
  #toldSeq: number
  #pumping = false
  #woken = false
  #drainRetryMs: number | undefined
  #end: StreamEnd | undefined
  /** What went out so far. */
  events = 0
  bytes = 0

  constructor(options: SseStreamOptions) {
    const { response, source, settings } = options
    this.#options = options
    this.#cursor = options.after
    this.#toldSeq = options.after
    this.#unwatch = source.watch(() => this.#wake())
    this.#heartbeat = setTimeout(() => this.#beat(), settings.heartbeatMs)
    response.on('drain', () => this.#drained())
    response.on('close', () => this.#release('client_left'))
    this.#write(retryFrame(options.retryMs, 'parley'))
    this.#wake()
  }

  /** Events the reader has not been sent yet. */
  get lag(): number {
    return Math.max(0, this.#options.source.lastSeq - this.#cursor)
  }

  /** Why it ended; undefined while it goes on. */
  get endedBy(): StreamEnd | undefined {
    return this.#end
  }

  /**
   * Sends what the log still has, tells the reader that the server goes down, and ends. Resolves
   * when the socket is done, after `lingerMs` at the latest.
   */
  async drain(retryMs: number, lingerMs: number): Promise<void> {
    this.#drainRetryMs = retryMs
    this.#wake()
    await this.closed(lingerMs)
  }

  /** Resolves when the socket is done; after `lingerMs` it is cut off. */
  async closed(lingerMs: number): Promise<void> {
    const { response } = this.#options
    const { promise: closed, resolve } = Promise.withResolvers<void>()
    response.once('close', resolve)
    const linger = setTimeout(() => response.destroy(), lingerMs)
    await closed
    clearTimeout(linger)
  }

  #wake(): void {
    this.#woken = true
    if (!this.#pumping && this.#full === undefined) void this.#pump()
  }

  async #pump(): Promise<void> {
    this.#pumping = true
    try {
      while (this.#woken && this.#full === undefined && this.#end === undefined) {
        this.#woken = false
        await this.#sendNext()
      }
    } catch (error) {
      this.#fail(error)
    }
    this.#pumping = false
  }

  /** One read and one write. Where more is there already, it wakes itself. */
  async #sendNext(): Promise<void> {
    const { source, wants, untilIdle } = this.#options
    const options = { after: this.#cursor, limit: maxWriteEvents, maxBytes: maxWriteBytes }
    const { events, lastSeq } = await source.read(options)
    if (this.#end !== undefined) return
    this.#cursor = events.at(-1)?.seq ?? this.#cursor
    this.#writeEvents(wants === undefined ? events : events.filter(({ type }) => wants(type)))
    if (this.#cursor < lastSeq) this.#woken = true
    else if (source.closedAt(this.#cursor)) this.#finish('closed', { type: 'closed' })
    else if (untilIdle && source.quietAt(this.#cursor)) this.#finish('idle')
    else if (this.#drainRetryMs !== undefined) {
      this.#finish('draining', { type: 'draining', retry_ms: this.#drainRetryMs })
    }
  }

  #writeEvents(events: readonly LoggedEvent[]): void {
    const last = events.at(-1)
    if (last === undefined) return
    this.#toldSeq = last.seq
    this.events += events.length
    this.#write(joinFrames(events))
    this.#heartbeat.refresh()
  }

  /**
   * The cursor where it has passed events that the reader's filter left out. Told to the reader,
   * it comes back from there and not from the last event it wanted.
   */
  #untoldCursor(): number | undefined {
    if (this.#toldSeq === this.#cursor) return undefined
    this.#toldSeq = this.#cursor
    return this.#cursor
  }

  #write(chunk: Buffer | string): void {
    const { response, settings } = this.#options
    this.bytes += chunk.length
    if (response.write(chunk)) return
    clearTimeout(this.#full)
    this.#full = setTimeout(() => this.#disconnect('stuck'), settings.stuckReaderMs)
  }

  #drained(): void {
    clearTimeout(this.#full)
    this.#full = undefined
    if (this.#woken && !this.#pumping) void this.#pump()
  }

  #beat(): void {
    if (this.#full === undefined) {
      const lastSeq = Math.max(this.#cursor, this.#options.source.lastSeq)
      this.#write(commentFrame(`hb ${lastSeq}`, this.#untoldCursor()))
    }
    this.#heartbeat.refresh()
  }

  #fail(error: unknown): void {
    const code = error instanceof ParleyError ? error.code : 'internal'
    if (code === 'conversation_not_found') this.#finish('closed', { type: 'closed' })
    else this.#disconnect(code === 'events_expired' ? 'expired' : 'failed')
  }

  #finish(end: StreamEnd, control?: { readonly type: string; readonly retry_ms?: number }): void {
    if (this.#end !== undefined) return
    const cursor = this.#untoldCursor()
    if (cursor !== undefined) this.#write(cursorFrame(cursor))
    this.#release(end)
    const { response, settings } = this.#options
    const last = control && controlFrame({ ...control, last_seq: this.#cursor })
    this.bytes += last?.length ?? 0
    response.end(last)
    const linger = setTimeout(() => response.destroy(), settings.stuckReaderMs)
    response.once('close', () => clearTimeout(linger))
  }

  #disconnect(end: StreamEnd): void {
    this.#release(end)
    this.#options.response.destroy()
  }

  #release(end: StreamEnd): void {
    this.#end ??= end
    this.#unwatch()
    clearTimeout(this.#heartbeat)
    clearTimeout(this.#full)
  }
}
