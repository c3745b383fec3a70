import { createHash, timingSafeEqual } from 'node:crypto'
import cors from '@fastify/cors'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import { ParleyError } from '../errors.ts'
import { isLoopbackName } from '../lib/loopback.ts'

interface ApiKey {
  readonly name: string
  readonly key: string
}

export interface AccessOptions {
  /** Without any, callers need no key. */
  readonly apiKeys: readonly ApiKey[]
  /** Origins, as browsers send them, that may call besides those of loopback names. */
  readonly allowedOrigins: readonly string[]
  /** Host names that may be called besides loopback names. */
  readonly allowedHosts: readonly string[]
}

const corsOptions = {
  // Others were refused before.
  origin: true,
  methods: ['GET', 'HEAD', 'POST', 'PATCH', 'DELETE'],
  exposedHeaders: [
    'Location',
    'Retry-After',
    'X-Request-Id',
    'Idempotency-Replayed',
    'Preference-Applied',
  ],
  maxAge: 600,
}

/** Probes have no key and come under whatever host name the network has. */
const probes = ['/healthz', '/readyz']
/** What a browser must be able to open without a key; it holds nothing of any conversation. */
const keyless = [...probes, '/openapi.yaml', '/openapi.json', '/docs', '/docs/']

/**
 * Who may call: the Host header (against DNS rebinding), the Origin header (against other sites'
 * pages), and the API key. Answers CORS preflights for allowed origins only.
 */
async function accessPlugin(app: FastifyInstance, options: AccessOptions): Promise<void> {
  app.decorateRequest('caller', undefined)
  const keys = options.apiKeys.map(({ name, key }) => ({ name, digest: digest(key) }))
  app.addHook('onRequest', async (request) => {
    checkHost(request, options)
    checkOrigin(request, options)
  })
  await app.register(cors, {
    delegator: (request, done) => done(null, { ...corsOptions, preflight: isPreflight(request) }),
  })
  app.addHook('onRequest', async (request, reply) => {
    if (keys.length === 0 || isUnder(keyless, request)) return
    const given = digest(bearerToken(request))
    request.caller = keys.find((key) => timingSafeEqual(key.digest, given))?.name
    if (request.caller !== undefined) return
    reply.header('www-authenticate', 'Bearer')
    throw new ParleyError('unauthorized', 'Send "authorization: Bearer <API key>".')
  })
}

/** Any other OPTIONS is a method like the others. */
function isPreflight({ headers }: FastifyRequest): boolean {
  return headers.origin !== undefined && headers['access-control-request-method'] !== undefined
}

function checkHost(request: FastifyRequest, { allowedHosts }: AccessOptions): void {
  if (isUnder(probes, request)) return
  const host = URL.parse(`http://${request.headers.host ?? ''}`)?.hostname
  const isHost = (name: string): boolean => name.toLowerCase() === host
  if (host !== undefined && (isLoopbackName(host) || allowedHosts.some(isHost))) return
  throw new ParleyError('forbidden', 'This host name is not allowed; see PARLEY_ALLOWED_HOSTS.')
}

function checkOrigin(request: FastifyRequest, { allowedOrigins }: AccessOptions): void {
  const { origin } = request.headers
  if (origin === undefined || allowedOrigins.includes(origin)) return
  const url = URL.parse(origin)
  // The second are its own pages, also where TLS ends in front of it.
  if (url !== null && (isLoopbackName(url.hostname) || url.host === request.headers.host)) return
  throw new ParleyError('forbidden', 'This origin is not allowed; see PARLEY_ALLOWED_ORIGINS.')
}

function isUnder(paths: readonly string[], request: FastifyRequest): boolean {
  const path = request.url.split('?', 1)[0] ?? '/'
  return paths.some((one) => path === one || (one.endsWith('/') && path.startsWith(one)))
}

function bearerToken(request: FastifyRequest): string {
  const [, token] = /^Bearer +(.+)$/i.exec(request.headers.authorization ?? '') ?? []
  return token ?? ''
}

/** Digests have one length, so that the comparison takes the same time for every key. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

declare module 'fastify' {
  interface FastifyRequest {
    /** The name of the API key that came with it. */
    caller: string | undefined
  }
}

export default fastifyPlugin(accessPlugin, { name: 'access' })
