import type { Event } from '../../schemas/event.ts'
import type { Op } from '../../schemas/op.ts'
import { get, post, type JsonAnswer } from './http.ts'
import { SseReader } from './sse-reader.ts'

/** An op as callers write it, or something that should be one. */
type OpBody = { readonly type: Op['type'] } | object

export const submit = (
  conversationUrl: string,
  op: OpBody,
  headers: Record<string, string> = {},
): Promise<JsonAnswer> => post(`${conversationUrl}/submissions`, op, headers)

/** Submits and waits until the submission's task has ended, or says why it was refused. */
export const submitAndWait = (conversationUrl: string, op: OpBody): Promise<JsonAnswer> =>
  submit(conversationUrl, op, { prefer: 'wait=60' })

/** What the log has after a seq. */
export async function eventsAfter(conversationUrl: string, after = 0): Promise<Event[]> {
  const answer = await get(`${conversationUrl}/events?after=${after}&limit=1000`)
  if (answer.status !== 200) throw new Error(`events: ${JSON.stringify(answer.body)}`)
  const { data, has_more } = answer.body
  return has_more ? [...data, ...(await eventsAfter(conversationUrl, answer.body.after))] : data
}

/** Events in short: whose, and which. */
export const inShort = (events: readonly Event[]): string[] =>
  events.map(({ submission_id, msg }) => `${submission_id} ${msg.type}`)

/** What the log has after a seq, in short. */
export const toldAfter = async (conversationUrl: string, after = 0): Promise<string[]> =>
  inShort(await eventsAfter(conversationUrl, after))

/** Resolves when the log has this event, given in short, with all events up to it. */
export async function untilTold(conversationUrl: string, wanted: string): Promise<Event[]> {
  await using reader = await SseReader.open(`${conversationUrl}/events`)
  const events: Event[] = []
  for (;;) {
    const event: Event | undefined = await reader.event()
    if (event === undefined) throw new Error(`the stream ended before ${wanted}`)
    events.push(event)
    if (inShort([event])[0] === wanted) return events
  }
}

/** Resolves when the conversation is idle or closed, with all its events. */
export async function untilQuiet(conversationUrl: string): Promise<Event[]> {
  await using reader = await SseReader.open(`${conversationUrl}/events?until=idle`)
  await reader.rest()
  return eventsAfter(conversationUrl)
}
