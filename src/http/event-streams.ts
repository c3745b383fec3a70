import type { OutgoingHttpHeaders } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { ParleyError } from '../errors.ts'
import type { EventFilter } from './event-filter.ts'
import {
  SseStream,
  type SseStreamSettings,
  type StreamEnd,
  type StreamSource,
} from './sse-stream.ts'

export interface EventStreamsSettings extends SseStreamSettings {
  readonly maxStreams: number
  readonly maxStreamsPerConversation: number
  /** Milliseconds; each stream's `retry:` is up to half as much again, to spread reconnects. */
  readonly retryMs: number
}

export interface OpenStream {
  readonly source: StreamSource & { readonly id: string }
  readonly after: number
  readonly wants?: EventFilter | undefined
  readonly untilIdle?: boolean
}

/** What all streams did so far. */
export interface StreamTotals {
  readonly ended: Readonly<Record<StreamEnd, number>>
  readonly events: number
  readonly bytes: number
}

/** Milliseconds readers of a deleted conversation have to take the last of their streams. */
const closeLingerMs = 1_000

/** Every open event stream: counts them, limits them and ends them when the server goes down. */
export class EventStreams {
  readonly #settings: EventStreamsSettings
  readonly #open = new Map<SseStream, string>()
  readonly #perConversation = new Map<string, number>()
  readonly #ended: Record<StreamEnd, number> = {
    client_left: 0,
    closed: 0,
    idle: 0,
    draining: 0,
    stuck: 0,
    expired: 0,
    failed: 0,
  }
  #drainLingerMs: number | undefined
  #events = 0
  #bytes = 0

  constructor(settings: EventStreamsSettings) {
    this.#settings = settings
  }

  get size(): number {
    return this.#open.size
  }

  get totals(): StreamTotals {
    let events = this.#events
    let bytes = this.#bytes
    for (const stream of this.#open.keys()) {
      events += stream.events
      bytes += stream.bytes
    }
    return { ended: this.#ended, events, bytes }
  }

  /** The largest number of events that a stream is behind. */
  get maxLag(): number {
    let lag = 0
    for (const stream of this.#open.keys()) lag = Math.max(lag, stream.lag)
    return lag
  }

  /**
   * Fails with `too_many_streams` where one more, for this conversation or for one that has none
   * yet, would be too many.
   */
  assertRoom(conversationId?: string): void {
    const { maxStreams, maxStreamsPerConversation } = this.#settings
    const ofConversation = this.#perConversation.get(conversationId ?? '') ?? 0
    if (this.#open.size < maxStreams && ofConversation < maxStreamsPerConversation) return
    throw new ParleyError('too_many_streams', 'Too many streams are open.', { retryAfter: 5 })
  }

  /**
   * Makes the reply an event stream with the status it has. The head and the first bytes go out
   * at once. Check `assertRoom` first: from here on nothing can be refused.
   */
  open(request: FastifyRequest, reply: FastifyReply, options: OpenStream): void {
    setStreamHeaders(reply)
    request.streaming = true
    reply.hijack()
    const response = reply.raw
    // Whoever left while the conversation was made gets no stream, as its end was said already.
    if (response.destroyed) return
    // The head in a write of its own is kept as one string, both in one packet.
    response.cork()
    response.writeHead(reply.statusCode, outgoingHeaders(reply)).flushHeaders()
    const { source, after, wants, untilIdle = false } = options
    const settings = this.#settings
    const retryMs = this.#jitteredRetryMs()
    const stream = new SseStream({ source, response, after, wants, untilIdle, settings, retryMs })
    response.uncork()
    this.#add(stream, source.id)
    response.once('close', () => this.#remove(stream, request))
    if (this.#drainLingerMs !== undefined) {
      void stream.drain(this.#jitteredRetryMs(), this.#drainLingerMs)
    }
  }

  /**
   * Resolves when a conversation that was shut down has no stream any more: each ends by itself
   * when its reader has the last event, and is cut off where that takes longer than a second.
   */
  async ended(conversationId: string): Promise<void> {
    const streams = [...this.#open].filter(([, id]) => id === conversationId)
    await Promise.all(streams.map(([stream]) => stream.closed(closeLingerMs)))
  }

  /**
   * Ends every stream with `draining`, those that open from now on too. Resolves when none is
   * open; each reader has `lingerMs` to take the last of its stream.
   */
  async drain(lingerMs: number): Promise<void> {
    this.#drainLingerMs = lingerMs
    while (this.#open.size > 0) {
      const streams = [...this.#open.keys()]
      await Promise.all(streams.map((stream) => stream.drain(this.#jitteredRetryMs(), lingerMs)))
    }
  }

  #add(stream: SseStream, conversationId: string): void {
    this.#open.set(stream, conversationId)
    this.#perConversation.set(conversationId, (this.#perConversation.get(conversationId) ?? 0) + 1)
  }

  #remove(stream: SseStream, request: FastifyRequest): void {
    const conversationId = this.#open.get(stream)
    if (conversationId === undefined) return
    this.#open.delete(stream)
    const left = (this.#perConversation.get(conversationId) ?? 1) - 1
    if (left === 0) this.#perConversation.delete(conversationId)
    else this.#perConversation.set(conversationId, left)
    const { events, bytes, endedBy = 'client_left' } = stream
    this.#ended[endedBy] += 1
    this.#events += events
    this.#bytes += bytes
    const { method, url, caller } = request
    request.log.info({ method, url, caller, events, bytes, ended_by: endedBy }, 'stream ended')
  }

  #jitteredRetryMs(): number {
    const { retryMs } = this.#settings
    return Math.round(retryMs * (1 + Math.random() / 2))
  }
}

/** Answers a HEAD with the head that the GET would have. */
export function answerStreamHead(reply: FastifyReply): void {
  setStreamHeaders(reply)
  reply.hijack()
  reply.raw.writeHead(reply.statusCode, outgoingHeaders(reply)).end()
}

function setStreamHeaders(reply: FastifyReply): void {
  reply.header('content-type', 'text/event-stream; charset=utf-8')
  reply.header('cache-control', 'no-store, no-transform')
  reply.header('x-accel-buffering', 'no')
}

/** What hooks have set so far; a hijacked reply does not send it by itself. */
function outgoingHeaders(reply: FastifyReply): OutgoingHttpHeaders {
  const headers: OutgoingHttpHeaders = {}
  for (const [name, value] of Object.entries(reply.getHeaders())) {
    if (value !== undefined) headers[name] = value
  }
  return headers
}
