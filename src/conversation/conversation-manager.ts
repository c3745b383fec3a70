import type { BaseLogger } from 'pino'
import { v7 as uuidV7 } from 'uuid'
import type {
  Conversation as ConversationView,
  CreateConversation,
  CreatedConversation,
} from '../../schemas/conversation.ts'
import type { Op } from '../../schemas/op.ts'
import type { SubmissionReceipt } from '../../schemas/submission.ts'
import { ParleyError } from '../errors.ts'
import { fingerprint } from '../lib/fingerprint.ts'
import { KeyedLock } from '../lib/keyed-lock.ts'
import type { EventLog, RecordPosition } from '../log/event-log.ts'
import type { Agent } from '../agents/agent.ts'
import type { Conversation, ConversationLimits } from './conversation.ts'
import { createConversation } from './create-conversation.ts'
import { IdempotencyKeys } from './idempotency-keys.ts'
import type { MessageHistory } from './message-history.ts'
import type { TaskCounts } from './turns.ts'

export interface ManagerLimits extends ConversationLimits {
  readonly maxConversations: number
  /** Milliseconds a session has to start and say its first event. */
  readonly spawnTimeoutMs: number
}

export interface ConversationManagerParts {
  /** By name. */
  readonly agents: Readonly<Record<string, Agent>>
  readonly defaultAgent: string
  readonly log: EventLog
  readonly history: MessageHistory
  readonly logger: BaseLogger
  readonly limits: ManagerLimits
}

export interface ListOptions {
  readonly limit: number
  readonly after?: RecordPosition | undefined
  readonly status?: ConversationView['status'] | undefined
}

/** A created conversation with the answer its creator gets. */
export interface Created {
  readonly conversation: Conversation
  readonly answer: CreatedConversation
}

interface Registered {
  readonly conversation: Conversation
  /** Of the create that made it. */
  readonly fingerprint: string
  readonly answer: CreatedConversation
}

/**
 * The registry of conversations. A lock per conversation id guards what awaits between look-up
 * and insert; plain look-ups take none.
 */
export class ConversationManager {
  readonly #parts: ConversationManagerParts
  readonly #registry = new Map<string, Registered>()
  readonly #lock = new KeyedLock()
  readonly #keys: IdempotencyKeys<Created>
  readonly #counts: TaskCounts = { completed: 0, aborted: 0, failed: 0 }
  #creating = 0
  #draining = false

  constructor(parts: ConversationManagerParts) {
    this.#parts = parts
    const { maxIdempotencyKeys: maxKeys, idempotencyKeepMs: keepMs } = parts.limits
    this.#keys = new IdempotencyKeys({ maxKeys, keepMs })
  }

  /** How many tasks of all conversations ended, by how. */
  get taskCounts(): Readonly<TaskCounts> {
    return this.#counts
  }

  get draining(): boolean {
    return this.#draining
  }

  /** Every conversation there is, in no order. */
  *conversations(): Iterable<Conversation> {
    for (const { conversation } of this.#registry.values()) yield conversation
  }

  /**
   * Starts a session and registers its conversation, once per `key` and per client-chosen id:
   * repeats get the first answer. Fails as `spawnSession` does, and with `idempotency_conflict`,
   * `too_many_conversations` or `shutting_down`; it then leaves nothing behind.
   */
  async create(
    request: CreateConversation,
    key?: string,
  ): Promise<Created & { readonly replayed: boolean }> {
    this.assertAccepting()
    const print = fingerprint(request)
    let replayed = false
    const named = key === undefined ? undefined : { key, fingerprint: print }
    const once = await this.#keys.once(named, async () => {
      const id = request.conversation_id ?? uuidV7()
      return this.#lock.run(id, async () => {
        const known = this.#registry.get(id)
        replayed = known !== undefined
        return known === undefined ? this.#spawn(id, request, print) : repeat(known, print)
      })
    })
    return { ...once.answer, replayed: replayed || once.replayed }
  }

  /** Fails with `conversation_not_found`. */
  get(id: string): Conversation {
    const registered = this.#registry.get(id.toLowerCase())
    if (registered === undefined) {
      throw new ParleyError('conversation_not_found', 'There is no conversation with this id.')
    }
    return registered.conversation
  }

  /** Puts an op into a conversation's queue, as `Conversation.submit` does. */
  async submit(
    id: string,
    op: Op,
    key?: string,
  ): Promise<{
    readonly conversation: Conversation
    readonly receipt: SubmissionReceipt
    readonly replayed: boolean
  }> {
    this.assertAccepting()
    const conversation = this.get(id)
    const request = key === undefined ? undefined : { key, fingerprint: fingerprint(op) }
    return { conversation, ...(await conversation.submit(op, request)) }
  }

  /** Conversations newest first, and the position of the last one where there are more. */
  async list({ limit, after, status }: ListOptions): Promise<{
    readonly data: readonly ConversationView[]
    readonly next: RecordPosition | undefined
  }> {
    const data: ConversationView[] = []
    const batch = limit + 1
    let position = after
    for (;;) {
      const records = await this.#parts.log.list(batch, position)
      for (const record of records) {
        const view = this.#registry.get(record.conversation_id)?.conversation.view()
        position = record
        if (view === undefined || (status !== undefined && view.status !== status)) continue
        if (data.length === limit) return { data, next: data.at(-1) }
        data.push(view)
      }
      if (records.length < batch) return { data, next: undefined }
    }
  }

  /** Shuts a conversation down and deletes its log. Fails with `conversation_not_found`. */
  async delete(id: string): Promise<void> {
    const key = id.toLowerCase()
    await this.#lock.run(key, async () => {
      const conversation = this.get(key)
      await this.#discard(conversation)
      this.#registry.delete(key)
    })
  }

  /** Fails with `shutting_down` once the drain has begun. */
  assertAccepting(): void {
    if (!this.#draining) return
    throw new ParleyError('shutting_down', 'The server is going down.', { retryAfter: 1 })
  }

  /**
   * Takes no more work, lets running tasks end by themselves until `deadline` is aborted, ends
   * the others, and closes every session.
   */
  async drain(deadline: AbortSignal): Promise<void> {
    this.#draining = true
    const suspended = [...this.conversations()].map((one) => one.suspend(deadline))
    for (const { status, reason } of (await Promise.allSettled(suspended)).filter(isRejected)) {
      this.#parts.logger.error({ err: reason, status }, 'a conversation did not end as it should')
    }
  }

  async #spawn(id: string, request: CreateConversation, print: string): Promise<Created> {
    this.#reserve()
    try {
      const created = await createConversation(id, request, {
        ...this.#parts,
        counts: this.#counts,
      })
      if (this.#draining) await this.#discard(created.conversation)
      this.assertAccepting()
      this.#registry.set(id, { ...created, fingerprint: print })
      return created
    } finally {
      this.#creating -= 1
    }
  }

  async #discard(conversation: Conversation): Promise<void> {
    await conversation.shutdown()
    await this.#parts.log.delete(conversation.id)
  }

  #reserve(): void {
    const { maxConversations } = this.#parts.limits
    if (this.#registry.size + this.#creating >= maxConversations) {
      const message = `There are ${maxConversations} conversations; delete some.`
      throw new ParleyError('too_many_conversations', message, { retryAfter: 10 })
    }
    this.#creating += 1
  }
}

function repeat(known: Registered, print: string): Created {
  if (known.fingerprint === print) return known
  throw new ParleyError('idempotency_conflict', 'The conversation exists with other settings.')
}

function isRejected(result: PromiseSettledResult<void>): result is PromiseRejectedResult {
  return result.status === 'rejected'
}
