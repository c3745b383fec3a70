import type { Event } from '../../schemas/event.ts'
import type { EventLog, LoggedEvent } from '../../src/log/event-log.ts'
import { jsonOfFrame } from '../../src/lib/sse-frame.ts'
import { WakeSignal } from './wake-signal.ts'

/** The event inside a frame. */
export const eventOf = ({ frame }: LoggedEvent): Event => JSON.parse(jsonOfFrame(frame).toString())

/** What one read gives, as seqs. */
export async function seqsAfter(log: EventLog, id: string, after: number): Promise<number[]> {
  const { events } = await log.read(id, { after, limit: 1_000_000 })
  return events.map(({ seq }) => seq)
}

export interface FollowOptions {
  readonly after?: number
  readonly limit?: number
  readonly maxBytes?: number
  /** Reads on until it has this seq. */
  readonly until: number
}

/** Reads as a stream does: by cursor, and at the end it waits to be woken. */
export async function follow(
  log: EventLog,
  id: string,
  { after = 0, limit = 100, maxBytes, until }: FollowOptions,
): Promise<Event[]> {
  const signal = new WakeSignal()
  const unwatch = log.watch(id, signal.wake)
  const seen: Event[] = []
  let cursor = after
  try {
    while (cursor < until) {
      const woken = signal.next()
      const options = { after: cursor, limit, ...(maxBytes === undefined ? {} : { maxBytes }) }
      const { events } = await log.read(id, options)
      if (events.length === 0) await woken
      for (const event of events) seen.push(eventOf(event))
      cursor = events.at(-1)?.seq ?? cursor
    }
  } finally {
    unwatch()
  }
  return seen
}
