import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import pino from 'pino'
import type { Agent } from '../../src/agents/agent.ts'
import { buildApp, type AppParts } from '../../src/app.ts'
import {
  ConversationManager,
  type ManagerLimits,
} from '../../src/conversation/conversation-manager.ts'
import { MessageHistory } from '../../src/conversation/message-history.ts'
import { MemoryEventLog } from '../../src/log/memory-event-log.ts'
import { createFakeAgent } from './fake-agent.ts'

export interface TestServerOptions {
  /** Default: a fake agent whose tasks the test drives. */
  readonly agent?: Agent
  readonly limits?: Partial<ManagerLimits>
  readonly streams?: Partial<AppParts['streams']>
  readonly access?: Partial<AppParts['access']>
  readonly maxBodyBytes?: number
  readonly maxLogBytes?: number
  readonly drainMs?: number
  /** Receives the log's lines. Default: nothing is logged. */
  readonly logLine?: (line: string) => void
}

export interface TestServer extends AsyncDisposable {
  /** Without a slash at the end. */
  readonly url: string
  readonly app: FastifyInstance
  readonly manager: ConversationManager
  /** A folder of its own, removed with the server. */
  readonly codexHome: string
}

export const testLimits: ManagerLimits = {
  maxConversations: 10_000,
  maxQueuedSubmissions: 64,
  spawnTimeoutMs: 5_000,
  abortGraceMs: 2_000,
  maxIdempotencyKeys: 1_000,
  idempotencyKeepMs: 60_000,
}

/** The whole service but for its process, on a port of its own. */
export async function startServer(options: TestServerOptions = {}): Promise<TestServer> {
  const codexHome = await mkdtemp(join(tmpdir(), 'parley-test-'))
  const agent = options.agent ?? createFakeAgent()
  const { logLine } = options
  const logger =
    logLine === undefined ? pino({ level: 'silent' }) : pino({ level: 'debug' }, { write: logLine })
  const log = new MemoryEventLog({ maxBytesPerConversation: options.maxLogBytes ?? 2 ** 24 })
  const manager = new ConversationManager({
    agents: [agent],
    log,
    history: new MessageHistory(codexHome),
    logger,
    limits: { ...testLimits, ...options.limits },
  })
  const app = await buildApp({
    manager,
    logger,
    access: { apiKeys: [], allowedOrigins: [], allowedHosts: [], ...options.access },
    streams: {
      heartbeatMs: 15_000,
      stuckReaderMs: 30_000,
      maxStreams: 10_000,
      maxStreamsPerConversation: 2_000,
      retryMs: 10,
      ...options.streams,
    },
    maxBodyBytes: options.maxBodyBytes ?? 2 ** 20,
    drainMs: options.drainMs ?? 0,
    processMetrics: false,
  })
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  return {
    url,
    app,
    manager,
    codexHome,
    async [Symbol.asyncDispose]() {
      await app.close()
      await rm(codexHome, { recursive: true, force: true })
    },
  }
}
