import type { BaseLogger } from 'pino'
import type { ModelClient } from './agents/native/model-client.ts'
import { createNativeAgent } from './agents/native/native-agent.ts'
import { createOfflineClient } from './agents/native/offline-client.ts'
import { createResponsesClient } from './agents/native/responses-client.ts'
import type { Settings } from './config.ts'
import { ConversationManager } from './conversation/conversation-manager.ts'
import { MessageHistory } from './conversation/message-history.ts'
import { MemoryEventLog } from './log/memory-event-log.ts'

/** What the service consists of below HTTP. Disposing of it closes what it opened. */
export interface Parts extends AsyncDisposable {
  readonly manager: ConversationManager
}

const abortGraceMs = 5_000
const maxIdempotencyKeys = 10_000
const idempotencyKeepMs = 24 * 60 * 60 * 1000
/** Makes the offline model's answer visibly stream. */
const offlineDeltaMs = 20

/** Puts the service together from its settings. */
export function createParts(settings: Settings, logger: BaseLogger): Parts {
  const log = new MemoryEventLog({ maxBytesPerConversation: settings.PARLEY_EVENT_LOG_BYTES })
  const clients = createModelClients(settings)
  if (clients[0]?.provider === 'offline') {
    logger.warn('no OPENAI_API_KEY: conversations use the offline model unless they name another')
  }
  const native = createNativeAgent({
    clients,
    showRawReasoning: true,
    defaultModel: (provider) => (provider === 'offline' ? 'offline' : settings.PARLEY_MODEL),
  })
  const manager = new ConversationManager({
    agents: [native],
    log,
    history: new MessageHistory(settings.CODEX_HOME),
    logger,
    limits: {
      maxConversations: settings.PARLEY_MAX_CONVERSATIONS,
      maxQueuedSubmissions: settings.PARLEY_MAX_QUEUED_SUBMISSIONS,
      spawnTimeoutMs: settings.PARLEY_SPAWN_TIMEOUT_MS,
      abortGraceMs,
      maxIdempotencyKeys,
      idempotencyKeepMs,
    },
  })
  return {
    manager,
    async [Symbol.asyncDispose]() {
      for (const client of clients) await client.close()
      await log.close()
    },
  }
}

/** The first is the default: OpenAI where there is a key for it. */
function createModelClients(settings: Settings): readonly ModelClient[] {
  const { OPENAI_API_KEY: apiKey, OPENAI_BASE_URL: baseUrl } = settings
  const offline = createOfflineClient({ deltaDelayMs: offlineDeltaMs })
  return apiKey === undefined ? [offline] : [createResponsesClient({ baseUrl, apiKey }), offline]
}
