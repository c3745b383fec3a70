import { randomUUID } from 'node:crypto'
import { maxHeaderSize, type IncomingMessage } from 'node:http'
import accepts from '@fastify/accepts'
import helmet from '@fastify/helmet'
import fastify, { LogController, type FastifyBaseLogger, type FastifyInstance } from 'fastify'
import conversationRoutes from '../routes/conversations.ts'
import eventRoutes from '../routes/events.ts'
import openapiRoutes from '../routes/openapi.ts'
import serviceRoutes from '../routes/service.ts'
import submissionRoutes from '../routes/submissions.ts'
import type { ConversationManager } from './conversation/conversation-manager.ts'
import accessLogPlugin from './http/access-log-plugin.ts'
import accessPlugin, { type AccessOptions } from './http/access-plugin.ts'
import { EventStreams, type EventStreamsSettings } from './http/event-streams.ts'
import { answerClientError } from './http/answer-client-error.ts'
import jsonBodyPlugin from './http/json-body-plugin.ts'
import methodNotAllowedPlugin from './http/method-not-allowed-plugin.ts'
import { createMetrics } from './http/metrics.ts'
import openapiPlugin from './http/openapi-plugin.ts'
import problemPlugin, { sendProblem } from './http/problem-plugin.ts'
import { toParleyError } from './http/problem.ts'

export interface AppParts {
  readonly manager: ConversationManager
  readonly logger: FastifyBaseLogger
  readonly access: AccessOptions
  readonly streams: EventStreamsSettings
  readonly maxBodyBytes: number
  /** Milliseconds that closing may take. */
  readonly drainMs: number
  /** Whether the metrics include the process's own. */
  readonly processMetrics: boolean
}

/** The share of the drain time in which running tasks may end by themselves. */
const taskShare = 0.7
/** The share in which readers may take the last of their streams. */
const readerShare = 0.2
/** The share in which the last answers go out, before the connections that are left are cut. */
const answerShare = 0.05
/** Milliseconds a caller has to send a whole request. */
const requestTimeoutMs = 60_000
/** Milliseconds of silence after which the kernel asks whether a peer is still there. */
const keepAliveProbeMs = 30_000

/** The HTTP side of the service. Closing it drains conversations and streams first. */
export async function buildApp(parts: AppParts): Promise<FastifyInstance> {
  const { manager } = parts
  const streams = new EventStreams(parts.streams)
  const metrics = createMetrics({ manager, streams, ofProcess: parts.processMetrics })
  const app = newFastify(parts)
  await app.register(problemPlugin)
  await app.register(accessLogPlugin)
  await app.register(helmet, helmetOptions)
  await app.register(accessPlugin, parts.access)
  await app.register(accepts)
  await app.register(jsonBodyPlugin)
  await app.register(methodNotAllowedPlugin)
  await app.register(openapiPlugin)
  await app.register(conversationRoutes, { manager, streams })
  await app.register(submissionRoutes, { manager })
  await app.register(eventRoutes, { manager, streams })
  await app.register(serviceRoutes, { manager, metrics })
  await app.register(openapiRoutes)
  app.refuseOtherMethods()
  app.addHook('preClose', async () => {
    await manager.drain(AbortSignal.timeout(Math.floor(parts.drainMs * taskShare)))
    await streams.drain(Math.floor(parts.drainMs * readerShare))
    cutConnections(app, Math.floor(parts.drainMs * answerShare))
  })
  return app
}

/**
 * Cuts what is still connected after so many milliseconds. Node closes only connections between
 * two requests, and has stopped its own clock by then: one that has sent nothing yet, or half a
 * request, would be waited for without end.
 */
function cutConnections({ server }: FastifyInstance, ms: number): void {
  const timer = setTimeout(() => server.closeAllConnections(), ms)
  server.once('close', () => clearTimeout(timer))
}

/** What matters to a service that serves data; the rendered reference has a policy of its own. */
const helmetOptions = {
  contentSecurityPolicy: {
    useDefaults: false,
    directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
  },
  // TLS ends in front of this server, and that is where this header belongs.
  strictTransportSecurity: false,
  crossOriginOpenerPolicy: false,
  originAgentCluster: false,
  xDnsPrefetchControl: false,
  xDownloadOptions: false,
  xPermittedCrossDomainPolicies: false,
  xXssProtection: false,
}

function newFastify({ logger, maxBodyBytes }: AppParts): FastifyInstance {
  return fastify({
    loggerInstance: logger,
    logController: new LogController({
      disableRequestLogging: true,
      requestIdLogLabel: 'request_id',
    }),
    genReqId: requestId,
    bodyLimit: maxBodyBytes,
    requestTimeout: requestTimeoutMs,
    // While the app drains, reads go on; what takes work says 503 by itself.
    return503OnClosing: false,
    http: { keepAlive: true, keepAliveInitialDelay: keepAliveProbeMs },
    clientErrorHandler: answerClientError,
    // It would also cut the drain off, which has a time of its own.
    pluginTimeout: 0,
    rewriteUrl: decodableUrl,
    // As long as a URL can be: an id of any length is just unknown.
    routerOptions: { maxParamLength: maxHeaderSize },
    frameworkErrors: (error, request, reply) => {
      void sendProblem(toParleyError(error), request, reply)
    },
  })
}

/** A path that cannot be decoded names nothing: it goes where nothing is. */
function decodableUrl({ url = '/' }: Pick<IncomingMessage, 'url'>): string {
  try {
    decodeURIComponent(url.split('?', 1)[0] ?? '/')
    return url
  } catch {
    return '/undecodable'
  }
}

/** The caller's own request id, where it is harmless in a log and a header; else a new one. */
function requestId({ headers }: Pick<IncomingMessage, 'headers'>): string {
  const given = headers['x-request-id']
  return typeof given === 'string' && /^[\w.:-]{1,128}$/.test(given) ? given : randomUUID()
}
