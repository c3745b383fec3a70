import { Problem } from '../../schemas/problem.ts'
import { retryHeaders } from './response-headers.ts'

const content = { 'application/problem+json': { schema: Problem } }

/** What routes answer when something is wrong, by status. */
export const problemResponses = {
  404: { description: 'conversation_not_found', content },
  406: { description: 'not_acceptable', content },
  409: {
    description: 'conversation_closed, task_running, idempotency_conflict, cursor_ahead',
    content,
  },
  410: { description: 'events_expired', content },
  413: { description: 'payload_too_large', content },
  415: { description: 'unsupported_media_type', content },
  429: {
    description: 'queue_full, too_many_conversations, too_many_streams',
    headers: retryHeaders,
    content,
  },
  502: { description: 'agent_spawn_failed, session_configured_not_first_event', content },
  503: { description: 'shutting_down', headers: retryHeaders, content },
} as const

/** Those that every route can answer. */
export const commonProblemResponses = {
  400: { description: 'invalid_request', content },
  401: { description: 'unauthorized', content },
  403: { description: 'forbidden', content },
  500: { description: 'internal', content },
} as const
