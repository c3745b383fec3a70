import { z } from 'zod'
import { invalidField } from '../errors.ts'
import type { RecordPosition } from '../log/event-log.ts'

const Position = z.tuple([z.iso.datetime({ precision: 3 }), z.guid()])

/** A place in the list of conversations as an opaque word. */
export function pageCursor({ created_at, conversation_id }: RecordPosition): string {
  return Buffer.from(JSON.stringify([created_at, conversation_id])).toString('base64url')
}

/** The place a `pageCursor` stands for. Fails with `invalid_request` for anything else. */
export function parsePageCursor(cursor: string): RecordPosition {
  const position = Position.safeParse(parseJson(Buffer.from(cursor, 'base64url').toString()))
  if (!position.success) {
    throw invalidField('/cursor', 'is not a next_cursor of this list')
  }
  const [created_at, conversation_id] = position.data
  return { created_at, conversation_id }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
