import type { Event, EventType, SessionConfigured } from '../../schemas/event.ts'

/** An event before the log has given it its `seq`. */
export type NewEvent = Omit<Event, 'seq'>

/** An event in the log, encoded once for whoever reads it. */
export interface LoggedEvent {
  readonly seq: number
  readonly type: EventType
  /** Its bytes on an SSE stream; `jsonOfFrame` gives the event's JSON. */
  readonly frame: Buffer
}

/** What a read found: events in order without a gap, and where the log ended. */
export interface EventSlice {
  readonly events: readonly LoggedEvent[]
  readonly lastSeq: number
}

export interface ReadOptions {
  /** Events with a greater seq are read; 0 reads from the start. */
  readonly after: number
  readonly limit: number
  /** Ends the slice early, but never before its first event. */
  readonly maxBytes?: number
}

/** What the log knows of a conversation besides its events. */
export interface ConversationRecord {
  readonly conversation_id: string
  /** RFC 3339; records are listed by it, then by id. */
  readonly created_at: string
  readonly title: string | null
  readonly metadata: Readonly<Record<string, string>>
  readonly session_configured: SessionConfigured
}

export type RecordChanges = Partial<Pick<ConversationRecord, 'title' | 'metadata'>>

/** A place in the list of records. */
export type RecordPosition = Pick<ConversationRecord, 'conversation_id' | 'created_at'>

/**
 * The conversations and their events: the only way from a session to its readers.
 *
 * An event gets its seq here, contiguous from 1. It is visible to `read` and its watchers are
 * woken only once it is kept as durably as the store promises; no seq is ever handed out twice.
 * Methods that name an unknown conversation fail with `conversation_not_found`.
 */
export interface EventLog {
  /** Adds a conversation with its first events. An id that exists already is a defect. */
  create(record: ConversationRecord, events: readonly NewEvent[]): Promise<void>
  /**
   * Adds events, all or none, behind `expectedLastSeq`. Fails with `internal`, and adds nothing,
   * where the log ends elsewhere: its writer is then not the only one.
   */
  append(id: string, expectedLastSeq: number, events: readonly NewEvent[]): Promise<void>
  /**
   * What follows a seq. Fails with `events_expired` where part of that is no longer kept, and
   * with `cursor_ahead` where `after` is above the last seq.
   */
  read(id: string, options: ReadOptions): Promise<EventSlice>
  /**
   * Calls `wake` some time after events were added or the conversation was deleted, at least once
   * since its last call. It carries no data: who is woken reads. An unknown conversation wakes
   * nobody. Returns the function that ends it.
   */
  watch(id: string, wake: () => void): () => void
  /** The record, or undefined for an unknown conversation. */
  get(id: string): Promise<ConversationRecord | undefined>
  /** Records in order, newest first, that come after a position. */
  list(limit: number, after?: RecordPosition): Promise<readonly ConversationRecord[]>
  update(id: string, changes: RecordChanges): Promise<ConversationRecord>
  /** Forgets a conversation and its events. */
  delete(id: string): Promise<void>
  /** Ends the log. Nothing may be called after it. */
  close(): Promise<void>
}
