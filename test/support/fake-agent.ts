import { INITIAL_SUBMIT_ID, type EventMsg, type EventErrorCode } from '../../schemas/event.ts'
import type { InputItem } from '../../schemas/input-item.ts'
import type {
  Agent,
  AgentSession,
  SpawnOptions,
  Task,
  TaskEnd,
  TaskIo,
  TaskMsg,
} from '../../src/agents/agent.ts'
import { Channel } from './channel.ts'

/** A task of the fake agent, driven by the test. */
export interface FakeTask {
  readonly task: Task
  readonly signal: AbortSignal
  /** What was steered into it so far. */
  readonly steered: readonly (readonly InputItem[])[]
  emit(msg: TaskMsg): Promise<void>
  say(delta: string): Promise<void>
  complete(lastAgentMessage?: string | null): void
  fail(code: EventErrorCode, message: string): void
  crash(error: unknown): void
}

export interface FakeAgentOptions {
  /** Replaces what a spawn does; `plain` does what it would have done. */
  readonly spawn?: (
    options: SpawnOptions,
    plain: () => AgentSession,
  ) => Promise<AgentSession> | AgentSession
  /** Tasks that should not wait for the test: called instead. */
  readonly runTask?: (task: FakeTask) => void
  /** Whether tasks end by themselves when they are aborted. Default: true. */
  readonly heedsAborts?: boolean
  /** Whether running tasks take what is steered. Default: true. */
  readonly takesSteering?: boolean
}

export interface FakeAgent extends Agent {
  /** The next task that starts, or the oldest that started and was not asked for. */
  nextTask(): Promise<FakeTask>
  /** Sessions that were spawned and not closed. */
  readonly openSessions: number
  readonly spawned: readonly SpawnOptions[]
}

export function configuredMsg(options: SpawnOptions): EventMsg {
  return {
    type: 'session_configured',
    session_id: options.conversationId,
    model: options.settings.model ?? 'fake-model',
    model_provider: 'fake',
    agent: 'fake',
    cwd: options.settings.cwd,
    approval_policy: options.settings.approval_policy ?? 'on-request',
    sandbox_policy: options.settings.sandbox_policy ?? { mode: 'read-only' },
    history_log_id: options.history.logId,
    history_entry_count: options.history.entryCount,
  }
}

/** An agent whose sessions do what the test tells them. */
export function createFakeAgent(options: FakeAgentOptions = {}): FakeAgent {
  const tasks = new Channel<FakeTask>()
  const spawned: SpawnOptions[] = []
  const open = new Set<AgentSession>()
  const startTask = options.runTask ?? ((task) => tasks.push(task))

  function newSession(): AgentSession {
    const steered: (readonly InputItem[])[] = []
    let running = false
    const session: AgentSession = {
      async runTask(task, io) {
        running = true
        steered.length = 0
        const { promise, fakeTask } = newTask(task, io, steered)
        if (options.heedsAborts !== false) {
          io.signal.addEventListener('abort', () => fakeTask.complete())
        }
        startTask(fakeTask)
        return promise.finally(() => {
          running = false
        })
      },
      steer(items) {
        if (!running || options.takesSteering === false) return false
        steered.push(items)
        return true
      },
      history: () => [{ type: 'message', role: 'user' }],
      async close() {
        open.delete(session)
      },
    }
    open.add(session)
    return session
  }

  return {
    name: 'fake',
    spawned,
    get openSessions() {
      return open.size
    },
    nextTask: () => tasks.next(),
    async spawn(spawnOptions) {
      spawned.push(spawnOptions)
      const plain = (): AgentSession => {
        spawnOptions.emit({ submission_id: INITIAL_SUBMIT_ID, msg: configuredMsg(spawnOptions) })
        return newSession()
      }
      return options.spawn === undefined ? plain() : options.spawn(spawnOptions, plain)
    },
  }
}

function newTask(
  task: Task,
  io: TaskIo,
  steered: readonly (readonly InputItem[])[],
): { promise: Promise<TaskEnd>; fakeTask: FakeTask } {
  const { promise, resolve, reject } = Promise.withResolvers<TaskEnd>()
  const fakeTask: FakeTask = {
    task,
    signal: io.signal,
    steered,
    emit: (msg) => io.emit(msg),
    say: (delta) => io.emit({ type: 'agent_message_delta', delta }),
    complete: (lastAgentMessage = null) => resolve({ status: 'completed', lastAgentMessage }),
    fail: (code, message) => resolve({ status: 'failed', code, message }),
    crash: reject,
  }
  return { promise, fakeTask }
}
