import type { FastifyInstance } from 'fastify'
import fastifyPlugin from 'fastify-plugin'

/** Takes JSON bodies and no others. An empty body counts as none. */
async function jsonBodyPlugin(app: FastifyInstance): Promise<void> {
  const parse = app.getDefaultJsonParser('error', 'error')
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (body.length === 0) done(null, undefined)
    else void parse(request, body.toString(), done)
  })
}

export default fastifyPlugin(jsonBodyPlugin, { name: 'json-body' })
