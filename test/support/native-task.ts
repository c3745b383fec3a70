import type { AgentSession, SpawnOptions, TaskEnd, TaskMsg } from '../../src/agents/agent.ts'
import { createNativeAgent, type NativeAgentOptions } from '../../src/agents/native/native-agent.ts'
import { createResponsesClient } from '../../src/agents/native/responses-client.ts'
import type { TurnContext } from '../../schemas/turn-context.ts'
import { startResponsesServer, type ResponsesServer } from './responses-server.ts'

/** A native session whose model is a scripted server. */
export interface OpenedSession extends AsyncDisposable {
  readonly server: ResponsesServer
  readonly session: AgentSession
}

export interface OpenSessionOptions extends Partial<NativeAgentOptions> {
  readonly idleTimeoutMs?: number
}

export async function openSession(options: OpenSessionOptions = {}): Promise<OpenedSession> {
  const { idleTimeoutMs = 5000, ...agentOptions } = options
  const server = await startResponsesServer()
  const client = createResponsesClient({ baseUrl: server.baseUrl, apiKey: 'key', idleTimeoutMs })
  const agent = createNativeAgent({
    clients: [client],
    defaultModel: () => 'some-model',
    retries: { baseDelayMs: 1 },
    ...agentOptions,
  })
  const session = await agent.spawn(spawnOptions())
  return {
    server,
    session,
    async [Symbol.asyncDispose]() {
      await session.close()
      await client.close()
      await server[Symbol.asyncDispose]()
    },
  }
}

export function spawnOptions(fields: Partial<SpawnOptions> = {}): SpawnOptions {
  return {
    conversationId: 'conversation-1',
    settings: { cwd: '/' },
    history: { logId: 0, entryCount: 0 },
    emit: () => {},
    signal: new AbortController().signal,
    ...fields,
  }
}

export interface StartedTask {
  /** What it has said so far. */
  readonly msgs: readonly TaskMsg[]
  readonly end: Promise<TaskEnd>
  abort(): void
}

export interface StartTaskOptions {
  readonly context?: Partial<TurnContext>
  /** Called for each message, before the task goes on. */
  readonly onMsg?: (msg: TaskMsg) => void | Promise<void>
}

export function startTask(
  session: AgentSession,
  text: string,
  { context, onMsg }: StartTaskOptions = {},
): StartedTask {
  const controller = new AbortController()
  const msgs: TaskMsg[] = []
  const end = session.runTask(
    {
      submissionId: '0',
      items: [{ type: 'text', text }],
      context: {
        cwd: '/',
        approval_policy: 'on-request',
        sandbox_policy: { mode: 'workspace-write' },
        model: 'some-model',
        ...context,
      },
    },
    {
      signal: controller.signal,
      async emit(msg) {
        if (controller.signal.aborted) return
        msgs.push(msg)
        await onMsg?.(msg)
      },
    },
  )
  return { msgs, end, abort: () => controller.abort() }
}

/** The text of each item of a history, with what makes it special in front. */
export function outline(session: AgentSession): readonly string[] {
  return session.history().map((item) => {
    const content: unknown = item['content']
    const parts: readonly unknown[] = Array.isArray(content) ? content : []
    const text = parts.map((part) => String(Object(part).text ?? Object(part).image_url)).join('|')
    if (item['type'] === 'reasoning') return `reasoning ${String(item['id'])}`
    if (text.startsWith('<turn_interrupted>')) return 'interrupted'
    const status = item['status'] === 'incomplete' ? ' (incomplete)' : ''
    return `${String(item['role'])}${status}: ${text}`
  })
}
