import type { FastifyInstance, FastifyRequest } from 'fastify'
import fastifyPlugin from 'fastify-plugin'

/** Logs each request once, when it is answered or when its caller leaves before. */
async function accessLogPlugin(app: FastifyInstance): Promise<void> {
  app.decorateRequest('streaming', false)
  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-request-id', request.id)
  })
  app.addHook('onResponse', async (request, reply) => {
    if (request.streaming) return
    const ms = Math.round(reply.elapsedTime * 10) / 10
    request.log.info({ ...named(request), status: reply.statusCode, ms }, 'request')
  })
  app.addHook('onRequestAbort', async (request) => {
    if (!request.streaming) request.log.info(named(request), 'caller left before the answer')
  })
}

function named({ method, url, caller }: FastifyRequest) {
  return { method, url, caller }
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Its reply is an event stream, which logs its own end. */
    streaming: boolean
  }
}

export default fastifyPlugin(accessLogPlugin, { name: 'access-log' })
