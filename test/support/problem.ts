import assert from 'node:assert/strict'
import { Problem, type ErrorCode } from '../../schemas/problem.ts'
import type { JsonAnswer } from './http.ts'
import type { RawAnswer } from './raw-http.ts'

/**
 * The problem in an answer. Throws unless it is a complete one whose status, headers and body fit
 * together, or where its code is not the one given.
 */
export function problemIn(answer: JsonAnswer | RawAnswer, code?: ErrorCode): Problem {
  const header = (name: string): string | null => answer.headers.get(name) ?? null
  const body: unknown = typeof answer.body === 'string' ? JSON.parse(answer.body) : answer.body
  const problem = Problem.parse(body)
  assert.equal(problem.code, code ?? problem.code)
  assert.equal(problem.type, `urn:parley:problem:${problem.code}`)
  assert.equal(problem.status, statuses[problem.code])
  assert.equal(answer.status, problem.status)
  assert.match(problem.title, /\S/)
  assert.match(problem.detail, /\S/)
  assert.equal(header('content-type'), 'application/problem+json; charset=utf-8')
  assert.equal(header('cache-control'), 'no-store')
  assert.equal(header('x-request-id'), problem.request_id)
  return problem
}

/** As the contract has it. */
const statuses: Readonly<Record<ErrorCode, number>> = {
  invalid_request: 400,
  unauthorized: 401,
  forbidden: 403,
  route_not_found: 404,
  conversation_not_found: 404,
  method_not_allowed: 405,
  not_acceptable: 406,
  conversation_closed: 409,
  task_running: 409,
  idempotency_conflict: 409,
  cursor_ahead: 409,
  events_expired: 410,
  payload_too_large: 413,
  unsupported_media_type: 415,
  queue_full: 429,
  too_many_conversations: 429,
  too_many_streams: 429,
  internal: 500,
  agent_spawn_failed: 502,
  session_configured_not_first_event: 502,
  shutting_down: 503,
}
