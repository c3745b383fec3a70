import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import type { Logger } from 'pino'
import type { TaskIo } from '../../src/agents/agent.ts'
import { createNativeAgent } from '../../src/agents/native/native-agent.ts'
import { buildApp } from '../../src/app.ts'
import type { Conversation } from '../../src/conversation/conversation.ts'
import { ConversationManager } from '../../src/conversation/conversation-manager.ts'
import { MessageHistory } from '../../src/conversation/message-history.ts'
import { createLogger } from '../../src/logger.ts'
import { MemoryEventLog } from '../../src/log/memory-event-log.ts'
import { instantModel } from './instant-model.ts'
import { createPublisherAgent } from './publisher-agent.ts'

export interface RunningParley extends AsyncDisposable {
  readonly app: FastifyInstance
  /** One whose task runs for as long as the server does, to publish into. */
  readonly conversation: Conversation
  /** That task's. */
  readonly io: TaskIo
}

/** More than any part of the benchmark needs. */
const plenty = 100_000

/** The whole service as it is run, logging included, but with the instant model. */
export async function startParley(): Promise<RunningParley> {
  const codexHome = await mkdtemp(join(tmpdir(), 'parley-bench-'))
  const logger = createLogger('info')
  const { promise: started, resolve } = Promise.withResolvers<TaskIo>()
  const manager = createManager(codexHome, logger, resolve)
  const app = await buildBenchApp(manager, logger)
  await app.listen({ host: '127.0.0.1', port: 0 })
  const input = [{ type: 'text' as const, text: 'Publish.' }]
  const { answer } = await manager.create({ agent: 'publisher', input })
  return {
    app,
    conversation: manager.get(answer.conversation_id),
    io: await started,
    async [Symbol.asyncDispose]() {
      await app.close()
      await rm(codexHome, { recursive: true, force: true })
    },
  }
}

function createManager(
  codexHome: string,
  logger: Logger,
  started: (io: TaskIo) => void,
): ConversationManager {
  const native = createNativeAgent({
    clients: [instantModel],
    defaultModel: () => 'instant',
  })
  return new ConversationManager({
    agents: [native, createPublisherAgent(started)],
    log: new MemoryEventLog({ maxBytesPerConversation: 16 * 2 ** 20 }),
    history: new MessageHistory(codexHome),
    logger,
    limits: {
      maxConversations: plenty,
      maxQueuedSubmissions: 64,
      spawnTimeoutMs: 30_000,
      abortGraceMs: 5_000,
      maxIdempotencyKeys: 10_000,
      idempotencyKeepMs: 24 * 60 * 60 * 1000,
    },
  })
}

function buildBenchApp(manager: ConversationManager, logger: Logger): Promise<FastifyInstance> {
  return buildApp({
    manager,
    logger,
    access: { apiKeys: [], allowedOrigins: [], allowedHosts: [] },
    streams: {
      heartbeatMs: 15_000,
      stuckReaderMs: 30_000,
      maxStreams: plenty,
      maxStreamsPerConversation: plenty,
      retryMs: 2_000,
    },
    maxBodyBytes: 8 * 2 ** 20,
    drainMs: 0,
    processMetrics: true,
  })
}
