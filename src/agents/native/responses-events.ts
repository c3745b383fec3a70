import { v7 as uuidv7 } from 'uuid'
import type { ModelEvent } from './model-client.ts'
import { failedResponse, type Redact } from './responses-errors.ts'
import { ResponsesEvent } from './responses-wire.ts'

/**
 * Reads one response's events, given the `data` of each in turn. Null for what says nothing to
 * us, bad JSON included. Throws a ModelError when the server says that the response failed.
 */
export function createResponsesEvents(redact: Redact): (data: string) => ModelEvent | null {
  // For servers that give no ids: what is streamed and the finished item must share one.
  let itemId = madeUpId()
  return (data) => {
    const event = parse(data)
    if (event === null) return null
    if (event.type === 'failed') throw failedResponse(event.error, redact)
    if (event.type === 'item_added') {
      itemId = event.id
      return null
    }
    if (event.type === 'text_delta') return { ...event, itemId: event.itemId || itemId }
    if (event.type === 'item_done') {
      const id = event.item.id || itemId
      itemId = madeUpId()
      return { ...event, item: { ...event.item, id } }
    }
    if ('incomplete' in event) return { ...event, incomplete: redact(event.incomplete) }
    return event
  }
}

function parse(data: string): ResponsesEvent | null {
  try {
    return ResponsesEvent.safeParse(JSON.parse(data)).data ?? null
  } catch {
    return null
  }
}

function madeUpId(): string {
  return `msg_${uuidv7().replaceAll('-', '')}`
}
