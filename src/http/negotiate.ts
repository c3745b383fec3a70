import type { FastifyRequest } from 'fastify'
import { ParleyError } from '../errors.ts'

/**
 * The media type the caller prefers among those offered; the first where it takes anything. Fails
 * with `not_acceptable`.
 */
export function negotiate<Type extends string>(
  request: FastifyRequest,
  offered: readonly Type[],
): Type {
  const chosen = request.accepts().type([...offered])
  const type = offered.find((one) => one === [chosen].flat()[0])
  if (type !== undefined) return type
  throw new ParleyError('not_acceptable', `The representations are ${offered.join(', ')}.`)
}
