import type { FastifyReply, FastifyRequest } from 'fastify'
import { invalidField } from '../errors.ts'

const maxWaitSeconds = 600

/**
 * The seconds of `Prefer: wait=N` (RFC 7240); undefined where the caller does not wait. Fails
 * with `invalid_request` for what is not a whole number up to 600.
 */
export function preferredWait(request: FastifyRequest): number | undefined {
  const preferences = [request.headers['prefer'] ?? []].flat().join(',').split(/[,;]/)
  const wait = preferences.find((preference) => /^\s*wait\s*(=|$)/i.test(preference))
  if (wait === undefined) return undefined
  const [, digits] = /^\s*wait\s*=\s*"?(\d{1,3})"?\s*$/i.exec(wait) ?? []
  const seconds = Number(digits ?? Number.NaN)
  if (seconds <= maxWaitSeconds) return seconds
  throw invalidField('/prefer', `wait takes 0 to ${maxWaitSeconds} seconds`)
}

/** Aborted when the time is up or the caller has left. */
export function waitSignal(request: FastifyRequest, seconds: number): AbortSignal {
  return AbortSignal.any([request.signal, AbortSignal.timeout(seconds * 1000)])
}

export function preferenceApplied(reply: FastifyReply, seconds: number): void {
  reply.header('preference-applied', `wait=${seconds}`)
}
