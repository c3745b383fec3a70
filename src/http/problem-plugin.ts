import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import { ParleyError } from '../errors.ts'
import { jsonLine } from '../lib/json-line.ts'
import { problemOf, toParleyError } from './problem.ts'

/** Answers every error as `application/problem+json` and logs what callers must not see. */
async function problemPlugin(app: FastifyInstance): Promise<void> {
  app.setErrorHandler((error, request, reply) => sendProblem(toParleyError(error), request, reply))
  app.setNotFoundHandler((request, reply) => {
    const error = new ParleyError('route_not_found', `There is nothing at ${pathOf(request)}.`)
    return sendProblem(error, request, reply)
  })
}

export async function sendProblem(
  error: ParleyError,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  if (error.status >= 500 && error.code !== 'shutting_down') {
    request.log.error({ err: error, code: error.code }, error.message)
  }
  if (error.retryAfter !== undefined) reply.header('retry-after', error.retryAfter)
  return reply
    .code(error.status)
    .type('application/problem+json; charset=utf-8')
    .header('cache-control', 'no-store')
    .serializer(jsonLine)
    .send(problemOf(error, request.id))
}

function pathOf(request: FastifyRequest): string {
  return request.originalUrl.split('?', 1)[0] ?? '/'
}

export default fastifyPlugin(problemPlugin, { name: 'problem' })
