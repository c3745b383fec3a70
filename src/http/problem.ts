import type { FastifyError } from 'fastify'
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

/** Any error as the one that callers get. What is not meant for them stays in `cause`. */
export function toParleyError(error: unknown): ParleyError {
  if (error instanceof ParleyError) return error
  if (!isFastifyError(error)) return internalError(error)
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
  return new ParleyError('internal', 'The server failed; its log has the request id.', { cause })
}

function validationError(error: FastifyError): ParleyError {
  const where = error.validationContext ?? 'body'
  const errors = (error.validation ?? []).flatMap((issue): FieldError[] => {
    const unknown = unknownKeys(issue)
    const pointer = issue.instancePath === '/' ? '' : issue.instancePath
    if (unknown.length === 0) return [{ pointer, message: issue.message ?? 'is not valid' }]
    return unknown.map((key) => ({ pointer: `${pointer}/${key}`, message: 'is not known here' }))
  })
  const detail = errors.map(({ pointer, message }) => `${where}${pointer}: ${message}`).join('; ')
  return new ParleyError('invalid_request', detail, { extras: { errors } })
}

function unknownKeys(issue: { readonly params: Record<string, unknown> }): readonly string[] {
  const { issue: zodIssue } = issue.params
  if (typeof zodIssue !== 'object' || zodIssue === null || !('keys' in zodIssue)) return []
  return Array.isArray(zodIssue.keys) ? zodIssue.keys.map(String) : []
}

function isFastifyError(error: unknown): error is FastifyError {
  return error instanceof Error && 'code' in error && typeof error.code === 'string'
}
