import { jsonLine } from '../lib/json-line.ts'
import { jsonOfFrame } from '../lib/sse-frame.ts'
import type { EventSlice, ReadOptions } from '../log/event-log.ts'
import type { EventFilter } from './event-filter.ts'

export interface EventPageOptions {
  readonly after: number
  readonly limit: number
  readonly wants: EventFilter | undefined
}

/** Events that are looked at for one page; a rare type may need several pages to be found. */
const maxScanned = 10_000
/** Bytes of one page, unless a single event is larger: what a caller who does not read it costs. */
const maxPageBytes = 1_048_576

/** One page of events as JSON text; the events are in it as the log holds them. */
export async function eventPage(
  source: { read(options: ReadOptions): Promise<EventSlice> },
  { after, limit, wants }: EventPageOptions,
): Promise<string> {
  const data: string[] = []
  const end = after + maxScanned
  let cursor = after
  let lastSeq = after
  let bytes = 0
  do {
    const options = { after: cursor, limit: limit - data.length, maxBytes: maxPageBytes - bytes }
    const slice = await source.read(options)
    lastSeq = slice.lastSeq
    for (const { seq, type, frame } of slice.events) {
      cursor = seq
      if (wants !== undefined && !wants(type)) continue
      data.push(jsonOfFrame(frame).toString())
      bytes += frame.length
    }
  } while (data.length < limit && bytes < maxPageBytes && cursor < lastSeq && cursor < end)
  const rest = { after: cursor, last_seq: lastSeq, has_more: cursor < lastSeq }
  return `{"data":[${data.join(',')}],${jsonLine(rest).slice(1)}`
}
