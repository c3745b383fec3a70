import type { FastifyPluginAsyncZodOpenApi, FastifyZodOpenApiSchema } from 'fastify-zod-openapi'
import type { Registry } from 'prom-client'
import { z } from 'zod'
import { NoQuery } from '../schemas/requests.ts'
import type { ConversationManager } from '../src/conversation/conversation-manager.ts'
import { commonProblemResponses, problemResponses } from '../src/http/problem-responses.ts'

interface Options {
  readonly manager: ConversationManager
  readonly metrics: Registry
}

const tags = ['Service']
const Ok = z.object({ status: z.literal('ok') })

const serviceRoutes: FastifyPluginAsyncZodOpenApi<Options> = async (app, { manager, metrics }) => {
  app.get(
    '/healthz',
    {
      schema: {
        operationId: 'getHealth',
        summary: 'Whether the process is alive',
        tags,
        security: [],
        querystring: NoQuery,
        response: {
          200: { description: 'Alive.', content: { 'application/json': { schema: Ok } } },
          ...commonProblemResponses,
        },
      } satisfies FastifyZodOpenApiSchema,
    },
    async () => ({ status: 'ok' as const }),
  )

  app.get(
    '/readyz',
    {
      schema: {
        operationId: 'getReadiness',
        summary: 'Whether it takes work',
        tags,
        security: [],
        querystring: NoQuery,
        response: {
          200: { description: 'It does.', content: { 'application/json': { schema: Ok } } },
          ...commonProblemResponses,
          503: problemResponses[503],
        },
      } satisfies FastifyZodOpenApiSchema,
    },
    async () => {
      manager.assertAccepting()
      return { status: 'ok' as const }
    },
  )

  app.get(
    '/metrics',
    {
      schema: {
        operationId: 'getMetrics',
        summary: 'Metrics for Prometheus',
        tags,
        querystring: NoQuery,
        response: {
          200: { description: 'The numbers.', content: { 'text/plain': { schema: z.string() } } },
          ...commonProblemResponses,
        },
      } satisfies FastifyZodOpenApiSchema,
    },
    async (_request, reply) => reply.type(metrics.contentType).send(await metrics.metrics()),
  )
}

export default serviceRoutes
