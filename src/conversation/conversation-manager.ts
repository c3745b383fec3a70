import type { BaseLogger } from 'pino'
import { v7 as uuidV7 } from 'uuid'
import type { CreateConversation, CreatedConversation } from '../../schemas/conversation.ts'
import type { Op } from '../../schemas/op.ts'
import type { SubmissionReceipt } from '../../schemas/submission.ts'
import { ParleyError, shuttingDown } from '../errors.ts'
import { fingerprint } from '../lib/fingerprint.ts'
import { KeyedLock } from '../lib/keyed-lock.ts'
import type { EventLog } from '../log/event-log.ts'
import type { Agent } from '../agents/agent.ts'
import type { Conversation, ConversationLimits } from './conversation.ts'
import {
  createConversation,
  discardConversation,
  type CreateParts,
  type CreateResult,
} from './create-conversation.ts'
import { IdempotencyKeys } from './idempotency-keys.ts'
import { listConversations, type ConversationList, type ListOptions } from './list-conversations.ts'
import type { MessageHistory } from './message-history.ts'
import type { TaskCounts } from './turns.ts'

export interface ManagerLimits extends ConversationLimits {
  readonly maxConversations: number
  /** Milliseconds a session has to start and say its first event. */
  readonly spawnTimeoutMs: number
}

export interface ConversationManagerParts {
  /** The first is the default. */
  readonly agents: readonly Agent[]
  readonly log: EventLog
  readonly history: MessageHistory
  readonly logger: BaseLogger
  readonly limits: ManagerLimits
}

interface Registered extends CreateResult {
  /** Of the create that made it. */
  readonly fingerprint: string
}

/**
 * The registry of conversations. A lock per conversation id guards what awaits between look-up
 * and insert; plain look-ups take none.
 */
export class ConversationManager {
  readonly #parts: ConversationManagerParts
  readonly #registry = new Map<string, Registered>()
  readonly #lock = new KeyedLock()
  readonly #keys: IdempotencyKeys<CreatedConversation>
  readonly #createParts: CreateParts
  #creating = 0
  #draining = false

  constructor(parts: ConversationManagerParts) {
    this.#parts = parts
    this.#createParts = { ...parts, counts: { completed: 0, aborted: 0, failed: 0 } }
    const { maxIdempotencyKeys: maxKeys, idempotencyKeepMs: keepMs } = parts.limits
    this.#keys = new IdempotencyKeys({ maxKeys, keepMs })
  }

  /** How many tasks of all conversations ended, by how. */
  get taskCounts(): Readonly<TaskCounts> {
    return this.#createParts.counts
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
  ): Promise<{ readonly answer: CreatedConversation; readonly replayed: boolean }> {
    this.assertAccepting()
    const repeatable = key !== undefined || request.conversation_id !== undefined
    const print = repeatable ? fingerprint(request) : unrepeatable
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
    return { answer: once.answer, replayed: replayed || once.replayed }
  }

  /** Undefined where there is none with this id. */
  find(id: string): Conversation | undefined {
    return this.#registry.get(id.toLowerCase())?.conversation
  }

  /** Fails with `conversation_not_found`. */
  get(id: string): Conversation {
    const found = this.find(id)
    if (found !== undefined) return found
    throw new ParleyError('conversation_not_found', 'There is no conversation with this id.')
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
    // An interrupt is no new work; it helps a drain on its way.
    if (op.type !== 'interrupt') this.assertAccepting()
    const conversation = this.get(id)
    const request = key === undefined ? undefined : { key, fingerprint: fingerprint(op) }
    return { conversation, ...(await conversation.submit(op, request)) }
  }

  /** Conversations newest first. */
  list(options: ListOptions): Promise<ConversationList> {
    const view = (id: string) => this.#registry.get(id)?.conversation.view()
    return listConversations({ log: this.#parts.log, view }, options)
  }

  /**
   * Shuts a conversation down and deletes its log; in between, `readersDone` lets its readers take
   * the end. Fails with `conversation_not_found`.
   */
  async delete(id: string, readersDone?: (id: string) => Promise<void>): Promise<void> {
    const key = id.toLowerCase()
    await this.#lock.run(key, async () => {
      const conversation = this.get(key)
      await conversation.shutdown()
      // Where the process goes down it was only suspended: its readers see the end in the deletion.
      if (conversation.status === 'closed') await readersDone?.(key)
      await this.#parts.log.delete(key)
      this.#registry.delete(key)
    })
  }

  /** Fails with `shutting_down` once the drain has begun. */
  assertAccepting(): void {
    if (this.#draining) throw shuttingDown()
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

  async #spawn(
    id: string,
    request: CreateConversation,
    print: string,
  ): Promise<CreatedConversation> {
    this.#reserve()
    try {
      const created = await createConversation(id, request, this.#createParts)
      if (this.#draining) await discardConversation(created.conversation, this.#parts.log)
      this.assertAccepting()
      this.#registry.set(id, { ...created, fingerprint: print })
      return created.answer
    } finally {
      this.#creating -= 1
    }
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

/** The fingerprint of a create that named nothing to repeat it by; no request has it. */
const unrepeatable = ''

function repeat(known: Registered, print: string): CreatedConversation {
  if (known.fingerprint === print) return known.answer
  throw new ParleyError('idempotency_conflict', 'The conversation exists with other settings.')
}

function isRejected(result: PromiseSettledResult<void>): result is PromiseRejectedResult {
  return result.status === 'rejected'
}
