import type { EventErrorCode } from '../../../schemas/event.ts'
import { ModelError, type ModelFailure } from './model-client.ts'

/** What the server says of a failure; every field may be missing. */
export interface ServerError {
  readonly message?: string | null | undefined
  readonly code?: string | null | undefined
  readonly type?: string | null | undefined
}

/** An HTTP answer that is not a stream. */
export interface RefusedRequest {
  readonly status: number
  /** The header `Retry-After`. */
  readonly retryAfter: string | undefined
  /** The start of the body. */
  readonly text: string
}

/** Makes a server's text fit to be shown: one line, bounded, without the API key. */
export type Redact = (text: string) => string

/** The server's codes (or types) for what the same request will meet again. */
const finalCodes: ReadonlyMap<string, EventErrorCode> = new Map([
  ['insufficient_quota', 'model_quota'],
  ['usage_limit_reached', 'model_quota'],
  ['usage_not_included', 'model_quota'],
  ['context_length_exceeded', 'context_window_exceeded'],
  ['invalid_api_key', 'model_auth'],
  ['invalid_prompt', 'model_rejected'],
  ['invalid_request_error', 'model_rejected'],
  ['data_residency_mismatch', 'model_rejected'],
  ['bio_policy', 'model_rejected'],
  ['misalignment_policy_violation', 'model_rejected'],
  ['invalid_image', 'model_rejected'],
  ['invalid_image_format', 'model_rejected'],
  ['invalid_base64_image', 'model_rejected'],
  ['invalid_image_url', 'model_rejected'],
  ['image_too_large', 'model_rejected'],
  ['image_too_small', 'model_rejected'],
  ['image_parse_error', 'model_rejected'],
  ['image_content_policy_violation', 'model_rejected'],
  ['invalid_image_mode', 'model_rejected'],
  ['image_file_too_large', 'model_rejected'],
  ['unsupported_image_media_type', 'model_rejected'],
  ['empty_image_file', 'model_rejected'],
  ['failed_to_download_image', 'model_rejected'],
  ['image_file_not_found', 'model_rejected'],
])

/** The error of a stream that the server ended with a failure of its own. */
export function failedResponse(error: ServerError, redact: Redact): ModelError {
  const message = redact(error.message || error.code || 'the response failed')
  const code = finalCode(error)
  if (code !== undefined) return new ModelError(message, { code, retry: 'never' })
  return new ModelError(message, {
    code: 'model_unreachable',
    retry: 'stream',
    retryAfterMs: statedDelay(error),
  })
}

/** The error of a request that the server answered with a status other than 2xx. */
export function refusedRequest(refused: RefusedRequest, redact: Redact): ModelError {
  const error = serverErrorIn(refused.text)
  const failure = failureOf(refused, error)
  // Servers repeat parts of a wrong key in their 401: it gets words of our own.
  if (refused.status === 401) {
    return new ModelError("the model's server did not accept the API key (401)", failure)
  }
  const said = redact(error.message ?? plainText(refused.text))
  const answered = `the model's server answered ${refused.status}`
  return new ModelError(said === '' ? answered : `${answered}: ${said}`, failure)
}

/** The error of a connection that broke before the server answered. */
export function brokenRequest(cause: unknown): ModelError {
  const message = `the model's server cannot be reached (${errorCode(cause)})`
  return new ModelError(message, { code: 'model_unreachable', retry: 'request' }, cause)
}

/** The error of a stream that ended before its response did. */
export function brokenStream(cause?: unknown): ModelError {
  const why = cause === undefined ? '' : ` (${errorCode(cause)})`
  return new ModelError(
    `the model's stream ended before its response was complete${why}`,
    { code: 'model_unreachable', retry: 'stream' },
    cause,
  )
}

function failureOf({ status, retryAfter }: RefusedRequest, error: ServerError): ModelFailure {
  if (status === 401 || status === 403) return { code: 'model_auth', retry: 'never' }
  if (status === 429) {
    const code = finalCode(error)
    if (code === 'model_quota') return { code, retry: 'never' }
  }
  if (status === 429 || status >= 500) {
    const retryAfterMs = retryAfterHeader(retryAfter) ?? statedDelay(error)
    return { code: 'model_unreachable', retry: 'request', retryAfterMs }
  }
  return { code: finalCode(error) ?? 'model_rejected', retry: 'never' }
}

function finalCode({ code, type }: ServerError): EventErrorCode | undefined {
  return finalCodes.get(code ?? '') ?? finalCodes.get(type ?? '')
}

/** Milliseconds a `Retry-After` header means: seconds, or a date. */
function retryAfterHeader(value: string | undefined): number | undefined {
  if (value === undefined || value.trim() === '') return undefined
  const seconds = Number(value)
  const ms = Number.isNaN(seconds) ? Date.parse(value) - Date.now() : seconds * 1000
  return Number.isNaN(ms) ? undefined : Math.max(0, ms)
}

/** Milliseconds from "Please try again in 1.5s", which only a rate limit means. */
function statedDelay({ code, message }: ServerError): number | undefined {
  if (code !== 'rate_limit_exceeded') return undefined
  const found = /try again in (\d+(?:\.\d+)?)\s*(ms|s)/i.exec(message ?? '')
  if (found === null) return undefined
  return Number(found[1]) * (found[2]?.toLowerCase() === 'ms' ? 1 : 1000)
}

function serverErrorIn(text: string): ServerError {
  try {
    const body: unknown = JSON.parse(text)
    const error: unknown = isRecord(body) ? (body['error'] ?? body['detail']) : undefined
    if (typeof error === 'string') return { message: error }
    return isRecord(error) ? stringFields(error) : {}
  } catch {
    return {}
  }
}

function stringFields({ message, code, type }: Record<string, unknown>): ServerError {
  return { message: stringOf(message), code: stringOf(code), type: stringOf(type) }
}

function stringOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

/** A page of markup says nothing to a caller. */
function plainText(text: string): string {
  return text.trimStart().startsWith('<') ? '' : text
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

function errorCode(cause: unknown): string {
  return (isRecord(cause) ? stringOf(cause['code']) : undefined) ?? 'connection failed'
}
