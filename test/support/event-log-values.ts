import type { ConversationRecord, NewEvent } from '../../src/log/event-log.ts'

/** An event with some text in it. */
export const newEvent = (message: string): NewEvent => ({
  at: '2026-01-01T00:00:00.000Z',
  submission_id: '0',
  msg: { type: 'agent_message', message },
})

export const newRecord = (
  conversation_id: string,
  fields: Partial<ConversationRecord> = {},
): ConversationRecord => ({
  conversation_id,
  created_at: '2026-01-01T00:00:00.000Z',
  title: null,
  metadata: {},
  session_configured: {
    session_id: conversation_id,
    model: 'm',
    model_provider: 'p',
    agent: 'fake',
    cwd: '/',
    approval_policy: 'never',
    sandbox_policy: { mode: 'read-only' },
    history_log_id: 0,
    history_entry_count: 0,
  },
  ...fields,
})
