import { INITIAL_SUBMIT_ID, type SessionConfigured } from '../../../schemas/event.ts'
import { invalidField } from '../../errors.ts'
import type { Agent, SpawnOptions } from '../agent.ts'
import { baseInstructions } from './base-instructions.ts'
import type { ModelClient } from './model-client.ts'
import { NativeSession, type SessionShared } from './native-session.ts'
import { defaultRetryLimits, type RetryLimits } from './retry-delay.ts'

export interface NativeAgentOptions {
  /** One per provider; the first is the default. Whoever made a client closes it. */
  readonly clients: readonly ModelClient[]
  /** The model of a provider where a create names none. */
  readonly defaultModel: (provider: string) => string
  readonly retries?: Partial<RetryLimits>
  /** Shows the model's unsummarised reasoning, where it gives it. Default: false. */
  readonly showRawReasoning?: boolean
}

const name = 'native'

/** The agent that runs in this process and samples models itself. */
export function createNativeAgent(options: NativeAgentOptions): Agent {
  const clients = new Map(options.clients.map((client) => [client.provider, client]))
  const shared: SessionShared = {
    limits: { ...defaultRetryLimits, ...options.retries },
    showRawReasoning: options.showRawReasoning ?? false,
  }
  return {
    name,
    async spawn(spawn) {
      spawn.signal.throwIfAborted()
      const provider = spawn.settings.model_provider ?? options.clients[0]?.provider
      const client = clients.get(provider ?? '')
      if (client === undefined) throw unknownProvider(provider, [...clients.keys()])
      const model = spawn.settings.model ?? options.defaultModel(client.provider)
      const configured = sessionConfigured(spawn, model, client.provider)
      spawn.emit({
        submission_id: INITIAL_SUBMIT_ID,
        msg: { type: 'session_configured', ...configured },
      })
      return new NativeSession({
        conversationId: spawn.conversationId,
        client,
        instructions: spawn.settings.base_instructions ?? baseInstructions,
        shared,
      })
    },
  }
}

function sessionConfigured(
  { conversationId, settings, history }: SpawnOptions,
  model: string,
  provider: string,
): SessionConfigured {
  return {
    session_id: conversationId,
    model,
    model_provider: provider,
    agent: name,
    cwd: settings.cwd,
    approval_policy: settings.approval_policy ?? 'on-request',
    sandbox_policy: settings.sandbox_policy ?? { mode: 'workspace-write' },
    history_log_id: history.logId,
    history_entry_count: history.entryCount,
  }
}

function unknownProvider(provider: string | undefined, known: readonly string[]) {
  const asked = JSON.stringify(provider)
  return invalidField('/model_provider', `${asked} is not known; known: ${known.join(', ')}`)
}
