import { ParleyError } from '../errors.ts'
import type { EventSlice, LoggedEvent, ReadOptions } from './event-log.ts'

/** The newest events of one conversation, as many as fit into a number of bytes. */
export class EventWindow {
  readonly #maxBytes: number
  #events: LoggedEvent[] = []
  /** Index of the oldest kept event; those before it wait to be cut off together. */
  #head = 0
  #bytes = 0
  #lastSeq = 0
  /** The last slice: readers that keep up all ask for the same one. */
  #latest: { readonly options: Required<ReadOptions>; readonly slice: EventSlice } | undefined

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  get lastSeq(): number {
    return this.#lastSeq
  }

  /** The seq of the oldest event that is kept. */
  get #firstSeq(): number {
    return this.#lastSeq - (this.#events.length - this.#head) + 1
  }

  push(events: readonly LoggedEvent[]): void {
    for (const event of events) {
      this.#events.push(event)
      this.#bytes += event.frame.length
      this.#lastSeq = event.seq
    }
    this.#latest = undefined
    this.#dropOldest()
  }

  /** The same options give the same slice until something is pushed. */
  slice({ after, limit, maxBytes = Infinity }: ReadOptions): EventSlice {
    const known = this.#latest
    if (known !== undefined && isSame(known.options, { after, limit, maxBytes })) return known.slice
    const slice = this.#cut({ after, limit, maxBytes })
    this.#latest = { options: { after, limit, maxBytes }, slice }
    return slice
  }

  #cut({ after, limit, maxBytes }: Required<ReadOptions>): EventSlice {
    this.#checkCursor(after)
    const start = this.#head + after - this.#firstSeq + 1
    const end = Math.min(this.#events.length, start + limit)
    let next = start
    let bytes = 0
    while (next < end && (next === start || bytes < maxBytes)) {
      bytes += this.#events[next]?.frame.length ?? 0
      next += 1
    }
    return { events: this.#events.slice(start, next), lastSeq: this.#lastSeq }
  }

  #checkCursor(after: number): void {
    if (after > this.#lastSeq) {
      throw new ParleyError('cursor_ahead', `The last seq is ${this.#lastSeq}.`, {
        extras: { last_seq: this.#lastSeq },
      })
    }
    if (after < this.#firstSeq - 1) {
      throw new ParleyError('events_expired', `The first seq that is kept is ${this.#firstSeq}.`, {
        extras: { first_seq: this.#firstSeq },
      })
    }
  }

  #dropOldest(): void {
    while (this.#bytes > this.#maxBytes && this.#head < this.#events.length - 1) {
      this.#bytes -= this.#events[this.#head]?.frame.length ?? 0
      this.#head += 1
    }
    if (this.#head * 2 > this.#events.length) {
      this.#events = this.#events.slice(this.#head)
      this.#head = 0
    }
  }
}

function isSame(left: Required<ReadOptions>, right: Required<ReadOptions>): boolean {
  return (
    left.after === right.after && left.limit === right.limit && left.maxBytes === right.maxBytes
  )
}
