import type { InputItem } from '../../../schemas/input-item.ts'
import type { TurnContext } from '../../../schemas/turn-context.ts'
import type { AgentSession, HistoryEntry, Task, TaskEnd, TaskIo } from '../agent.ts'
import type { ModelClient, ModelRequest } from './model-client.ts'
import { textOf, userMessage, type ModelItem, type UserMessage } from './model-item.ts'
import type { RetryLimits } from './retry-delay.ts'
import { sampleWithRetries } from './sample-with-retries.ts'

/** What all sessions of an agent share. */
export interface SessionShared {
  readonly limits: RetryLimits
  readonly showRawReasoning: boolean
}

export interface NativeSessionOptions {
  readonly conversationId: string
  readonly client: ModelClient
  readonly instructions: string
  readonly shared: SessionShared
}

/** A task at work. */
interface RunningTask {
  /** What the user said that the model has not been sent yet. */
  readonly unread: UserMessage[]
  readonly signal: AbortSignal
}

/** Messages that may wait for the model's next round; what comes beyond is not taken. */
const maxUnread = 64

/** Tells the model that it did not end by itself. */
const interruptedMarker: UserMessage = userMessage([
  {
    type: 'text',
    text: [
      '<turn_interrupted>',
      'The turn above was interrupted before you had finished it: what you said there may be cut',
      'off. Do not go on with it unless you are asked to.',
      '</turn_interrupted>',
    ].join('\n'),
  },
])

/** A conversation with a model: its history, and the task that adds to it. */
export class NativeSession implements AgentSession {
  readonly #options: NativeSessionOptions
  readonly #history: ModelItem[] = []
  #running: RunningTask | null = null

  constructor(options: NativeSessionOptions) {
    this.#options = options
  }

  async runTask(task: Task, io: TaskIo): Promise<TaskEnd> {
    // A task that ignored its abort for too long has no say any more.
    if (this.#running !== null) this.#end(this.#running)
    const running: RunningTask = { unread: [userMessage(task.items)], signal: io.signal }
    this.#running = running
    let lastAgentMessage: string | null = null
    try {
      // No await stands between the last look at `unread` and `#end`: a message is either taken
      // and sent to the model, or refused.
      while (running.unread.length > 0) {
        this.#read(running)
        const end = await this.#sample(task.context, io)
        if (this.#running === running) this.#history.push(...end.items)
        lastAgentMessage = lastMessage(end.items) ?? lastAgentMessage
        if (end.status === 'failed') {
          const { message, failure } = end.error
          return { status: 'failed', code: failure.code, message }
        }
      }
      return { status: 'completed', lastAgentMessage }
    } finally {
      this.#end(running)
    }
  }

  steer(items: readonly InputItem[]): boolean {
    if (this.#running === null || this.#running.signal.aborted) return false
    if (this.#running.unread.length >= maxUnread) return false
    this.#running.unread.push(userMessage(items))
    return true
  }

  history(): readonly HistoryEntry[] {
    return this.#history.map((item) => ({ ...item }))
  }

  async close(): Promise<void> {}

  #sample(context: TurnContext, io: TaskIo) {
    const { client, conversationId, instructions, shared } = this.#options
    const request: ModelRequest = {
      conversationId,
      model: context.model,
      instructions,
      input: [...this.#history],
      effort: context.effort,
      summary: context.summary,
    }
    return sampleWithRetries({ client, request, io, ...shared })
  }

  /** Moves what the user said into the history. */
  #read(running: RunningTask): void {
    this.#history.push(...running.unread.splice(0))
  }

  /** From here on the task takes nothing and adds nothing; what it took before is kept. */
  #end(running: RunningTask): void {
    if (this.#running !== running) return
    this.#running = null
    this.#read(running)
    if (running.signal.aborted) this.#history.push(interruptedMarker)
  }
}

function lastMessage(items: readonly ModelItem[]): string | undefined {
  const message = items.findLast((item) => item.type === 'message' && item.role === 'assistant')
  return message?.type === 'message' && message.role === 'assistant' ? textOf(message) : undefined
}
