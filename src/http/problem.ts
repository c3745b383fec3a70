import { inspect } from 'node:util'
import type { FastifyError } from 'fastify'
import { z } from 'zod'
import type { ErrorCode, FieldError, Problem } from '../../schemas/problem.ts'
import { ParleyError } from '../errors.ts'

/** The framework's own errors that have a code of ours; other 4xx are `invalid_request`. */
const frameworkErrors: Readonly<Record<string, { code: ErrorCode; detail: string }>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: {
    code: 'payload_too_large',
    detail: 'The body is larger than this server takes.',
  },
  FST_ERR_CTP_INVALID_MEDIA_TYPE: {
    code: 'unsupported_media_type',
    detail: 'Send JSON with the header "content-type: application/json".',
  },
}

/** What an answer lists and says at most: it must not grow with what is wrong. */
const maxFieldErrors = 20
const maxDetailed = 5
const maxKeyChars = 100

type ValidationIssue = NonNullable<FastifyError['validation']>[number]

/** What is read of zod's own description of a problem; `keys` are unknown fields. */
const ZodIssue = z.object({
  path: z.array(z.union([z.string(), z.number()])),
  keys: z.array(z.string()).optional(),
})

/** Any error as the one that callers get. What is not meant for them stays in `cause`. */
export function toParleyError(error: unknown): ParleyError {
  if (error instanceof ParleyError) return error
  if (isAbortedBody(error))
    return new ParleyError('invalid_request', 'The body was not sent whole.')
  if (!isFrameworkError(error)) return internalError(error)
  if (error.validation !== undefined) return validationError(error)
  const known = frameworkErrors[error.code]
  if (known !== undefined) return new ParleyError(known.code, known.detail)
  const status = error.statusCode ?? 500
  return status >= 500 ? internalError(error) : new ParleyError('invalid_request', error.message)
}

/** The body for an error (RFC 9457). */
export function problemOf(error: ParleyError, requestId: string): Problem {
  return {
    type: `urn:parley:problem:${error.code}`,
    title: error.title,
    status: error.status,
    detail: error.message,
    code: error.code,
    request_id: requestId,
    ...error.extras,
  }
}

function internalError(cause: unknown): ParleyError {
  const logged = cause instanceof Error ? cause : new Error(inspect(cause))
  return new ParleyError('internal', 'The server failed; its log has the request id.', {
    cause: logged,
  })
}

function validationError({ validation = [], validationContext }: FastifyError): ParleyError {
  const errors = validation.flatMap(fieldErrors).slice(0, maxFieldErrors)
  const detail = errors
    .slice(0, maxDetailed)
    .map(({ pointer, message }) => `${validationContext ?? 'body'}${pointer}: ${message}`)
    .join('; ')
  return new ParleyError('invalid_request', detail, { extras: { errors } })
}

function fieldErrors({ params, message = 'is not valid' }: ValidationIssue): FieldError[] {
  const { path, keys } = ZodIssue.parse(params['issue'])
  if (keys === undefined) return [{ pointer: pointerTo(path), message }]
  return keys.slice(0, maxFieldErrors).map((key) => ({
    pointer: pointerTo([...path, key]),
    message: 'is not known here',
  }))
}

/** A JSON pointer (RFC 6901); names that callers made very long are cut off. */
function pointerTo(path: readonly (string | number)[]): string {
  const names = path.map((key) => String(key).slice(0, maxKeyChars))
  return names.map((name) => `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
}

/** What Node says where a caller leaves before the end of its body; nobody is there to answer. */
function isAbortedBody(error: unknown): boolean {
  return (
    error instanceof Error &&
    'code' in error &&
    error.code === 'ECONNRESET' &&
    error.message === 'aborted'
  )
}

function isFrameworkError(error: unknown): error is FastifyError {
  return (
    error instanceof Error &&
    'code' in error &&
    typeof error.code === 'string' &&
    error.code.startsWith('FST_')
  )
}
