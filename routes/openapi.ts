import swaggerUi from '@fastify/swagger-ui'
import type { FastifyPluginAsyncZodOpenApi } from 'fastify-zod-openapi'
import { NoQuery } from '../schemas/requests.ts'

/** What the rendered reference may load: its own files and what they carry inline. */
const documentPolicy =
  "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'"

const openapiRoutes: FastifyPluginAsyncZodOpenApi = async (app) => {
  const schema = { hide: true, querystring: NoQuery }

  app.get('/openapi.yaml', { schema }, async (_request, reply) =>
    reply.type('application/yaml; charset=utf-8').send(app.swagger({ yaml: true })),
  )

  app.get('/openapi.json', { schema }, async (_request, reply) =>
    reply.type('application/json; charset=utf-8').send(JSON.stringify(app.swagger())),
  )

  await app.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP: documentPolicy,
    uiConfig: { deepLinking: true, docExpansion: 'list' },
  })
}

export default openapiRoutes
