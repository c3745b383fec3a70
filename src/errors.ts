import type { ErrorCode, Problem } from '../schemas/problem.ts'

/** The HTTP status and title that every code has on the wire. */
const problems = {
  invalid_request: { status: 400, title: 'The request is not valid' },
  unauthorized: { status: 401, title: 'An API key is required' },
  forbidden: { status: 403, title: 'This origin or host is not allowed' },
  route_not_found: { status: 404, title: 'There is no such resource' },
  conversation_not_found: { status: 404, title: 'There is no such conversation' },
  method_not_allowed: { status: 405, title: 'The resource does not have this method' },
  not_acceptable: { status: 406, title: 'No representation fits the Accept header' },
  conversation_closed: { status: 409, title: 'The conversation has ended' },
  task_running: { status: 409, title: 'A task is running' },
  idempotency_conflict: { status: 409, title: 'The key was used with another request' },
  cursor_ahead: { status: 409, title: 'The cursor is ahead of the log' },
  events_expired: { status: 410, title: 'The events are no longer kept' },
  payload_too_large: { status: 413, title: 'The body is too large' },
  unsupported_media_type: { status: 415, title: 'The body must be JSON' },
  queue_full: { status: 429, title: 'The submission queue is full' },
  too_many_conversations: { status: 429, title: 'There are too many conversations' },
  too_many_streams: { status: 429, title: 'There are too many streams' },
  internal: { status: 500, title: 'Something went wrong here' },
  agent_spawn_failed: { status: 502, title: 'The agent session did not start' },
  session_configured_not_first_event: {
    status: 502,
    title: 'The agent session did not begin with session_configured',
  },
  shutting_down: { status: 503, title: 'The server is shutting down' },
} as const satisfies Record<ErrorCode, { status: number; title: string }>

/** Members that single codes add to their problem body. */
export type ProblemExtras = Readonly<Pick<Problem, 'errors' | 'last_seq' | 'first_seq'>>

export interface ParleyErrorOptions {
  readonly extras?: ProblemExtras
  /** Seconds; becomes `Retry-After`. */
  readonly retryAfter?: number
  /** What went wrong underneath; it is logged and never shown to callers. */
  readonly cause?: unknown
}

/** The one error of this service. `message` is meant for the caller and becomes `detail`. */
export class ParleyError extends Error {
  override readonly name = 'ParleyError'
  readonly code: ErrorCode
  readonly extras: ProblemExtras
  readonly retryAfter: number | undefined

  constructor(code: ErrorCode, message: string, options: ParleyErrorOptions = {}) {
    super(message, { cause: options.cause })
    this.code = code
    this.extras = options.extras ?? {}
    this.retryAfter = options.retryAfter
  }

  get status(): number {
    return problems[this.code].status
  }

  get title(): string {
    return problems[this.code].title
  }
}

/** What is answered to new work while the process goes down. */
export function shuttingDown(): ParleyError {
  return new ParleyError('shutting_down', 'The server is going down.', { retryAfter: 1 })
}

/** An `invalid_request` about one field of a body or query, or one header. */
export function invalidField(pointer: string, message: string): ParleyError {
  return new ParleyError('invalid_request', `${pointer}: ${message}`, {
    extras: { errors: [{ pointer, message }] },
  })
}
