import type { Conversation as ConversationView } from '../../schemas/conversation.ts'
import type { EventLog, RecordPosition } from '../log/event-log.ts'

export interface ListOptions {
  readonly limit: number
  /** The last position of the page before. */
  readonly after?: RecordPosition | undefined
  readonly status?: ConversationView['status'] | undefined
}

export interface ConversationList {
  readonly data: readonly ConversationView[]
  /** Where the next page begins behind; undefined on the last one. */
  readonly next: RecordPosition | undefined
}

export interface ListParts {
  readonly log: EventLog
  /** What callers see of a conversation; undefined once it is gone. */
  readonly view: (id: string) => ConversationView | undefined
}

/** Conversations newest first. Those that come and go meanwhile move no other in the list. */
export async function listConversations(
  { log, view }: ListParts,
  { limit, after, status }: ListOptions,
): Promise<ConversationList> {
  const data: ConversationView[] = []
  const batch = limit + 1
  let position = after
  for (;;) {
    const records = await log.list(batch, position)
    for (const record of records) {
      position = record
      const one = view(record.conversation_id)
      if (one === undefined || (status !== undefined && one.status !== status)) continue
      if (data.length === limit) return { data, next: data.at(-1) }
      data.push(one)
    }
    if (records.length < batch) return { data, next: undefined }
  }
}
