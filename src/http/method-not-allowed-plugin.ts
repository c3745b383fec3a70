import type { FastifyInstance, HTTPMethods } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import { ParleyError } from '../errors.ts'

/** Those that get a 405; whatever else a client makes up finds nothing at the path. */
const methods: readonly HTTPMethods[] = [
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'OPTIONS',
  'TRACE',
]

/**
 * Answers 405 with `Allow` where a path exists but not with this method. Register it before the
 * routes, and call `app.refuseOtherMethods()` after the last of them.
 */
async function methodNotAllowedPlugin(app: FastifyInstance): Promise<void> {
  const allowed = new Map<string, Set<string>>()
  let closed = false
  app.addHook('onRoute', ({ url, method }) => {
    if (closed || url.includes('*') || url.endsWith('/')) return
    const known = allowed.get(url) ?? new Set()
    allowed.set(url, known)
    for (const one of [method].flat()) known.add(one)
  })
  app.decorate('refuseOtherMethods', () => {
    closed = true
    for (const [url, known] of allowed) {
      const refused = methods.filter((method) => !known.has(method))
      if (refused.length > 0) refuse(app, { url, refused, allow: [...known].join(', ') })
    }
  })
}

interface Refusal {
  readonly url: string
  readonly refused: readonly HTTPMethods[]
  readonly allow: string
}

function refuse(app: FastifyInstance, { url, refused, allow }: Refusal): void {
  app.route({
    url,
    method: [...refused],
    schema: { hide: true },
    exposeHeadRoute: false,
    // Before the body is read: whatever it holds, the method is what is wrong.
    onRequest: async (request, reply) => {
      reply.header('allow', allow)
      throw new ParleyError('method_not_allowed', `${request.method} is not one of ${allow}.`)
    },
    handler: async () => undefined,
  })
}

declare module 'fastify' {
  interface FastifyInstance {
    refuseOtherMethods: () => void
  }
}

export default fastifyPlugin(methodNotAllowedPlugin, { name: 'method-not-allowed' })
