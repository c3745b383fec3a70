import { z } from 'zod'
import { Event } from './event.ts'

/** One page of a conversation's events. */
export const EventPage = z
  .object({
    data: z.array(Event),
    after: z.int().meta({ description: 'The cursor of the next page.' }),
    last_seq: z.int(),
    has_more: z.boolean(),
  })
  .meta({ id: 'EventPage' })

/** The server's word about a stream; it comes as `event: control` and has no `id:`. */
const ControlFrame = z
  .object({
    type: z.enum(['draining', 'closed']),
    last_seq: z.int(),
    retry_ms: z.int().optional().meta({ description: 'With `draining`: when to reconnect.' }),
  })
  .meta({ id: 'ControlFrame' })

/** What a `data:` line of an event stream holds. */
export const StreamData = z.union([Event, ControlFrame]).meta({
  id: 'StreamData',
  description: 'The JSON of one frame: an event, or, under `event: control`, a control frame.',
})
