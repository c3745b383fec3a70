import { z } from 'zod'

/** The closed list of what can go wrong, as callers see it. */
export const ErrorCode = z
  .enum([
    'invalid_request',
    'unauthorized',
    'forbidden',
    'route_not_found',
    'conversation_not_found',
    'method_not_allowed',
    'not_acceptable',
    'conversation_closed',
    'task_running',
    'idempotency_conflict',
    'cursor_ahead',
    'events_expired',
    'payload_too_large',
    'unsupported_media_type',
    'queue_full',
    'too_many_conversations',
    'too_many_streams',
    'internal',
    'agent_spawn_failed',
    'session_configured_not_first_event',
    'shutting_down',
  ])
  .meta({ id: 'ErrorCode' })
export type ErrorCode = z.infer<typeof ErrorCode>

/** What is wrong at one place of a request. */
export const FieldError = z.object({
  pointer: z.string().meta({ description: 'A JSON pointer into the body, or the parameter.' }),
  message: z.string(),
})
export type FieldError = z.infer<typeof FieldError>

/** The body of every error (RFC 9457, `application/problem+json`). */
export const Problem = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: ErrorCode,
    request_id: z.string(),
    errors: z.array(FieldError).optional(),
    last_seq: z.int().optional().meta({ description: 'With cursor_ahead.' }),
    first_seq: z.int().optional().meta({ description: 'With events_expired.' }),
  })
  .meta({ id: 'Problem', description: 'What went wrong (RFC 9457).' })
export type Problem = z.infer<typeof Problem>
