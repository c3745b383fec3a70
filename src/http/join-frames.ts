import type { LoggedEvent } from '../log/event-log.ts'

const joined = new WeakMap<readonly LoggedEvent[], Buffer>()

/** The frames of events as one piece of bytes, made once for all readers of the same slice. */
export function joinFrames(events: readonly LoggedEvent[]): Buffer {
  const [first] = events
  if (events.length === 1 && first !== undefined) return first.frame
  const known = joined.get(events)
  if (known !== undefined) return known
  const bytes = Buffer.concat(events.map(({ frame }) => frame))
  joined.set(events, bytes)
  return bytes
}
