import { ParleyError } from '../errors.ts'
import { KeyedLock } from '../lib/keyed-lock.ts'

export interface IdempotencyKeysOptions {
  /** Keys that are remembered; past it the oldest go. */
  readonly maxKeys: number
  /** Milliseconds for which a key is remembered. */
  readonly keepMs: number
}

/** What a caller named with `Idempotency-Key`, and the fingerprint of what came with it. */
export interface IdempotentRequest {
  readonly key: string
  readonly fingerprint: string
}

interface Remembered<Answer> {
  readonly fingerprint: string
  readonly answer: Answer
  readonly until: number
}

/** Does what comes under one key once, and answers repeats with the first answer. */
export class IdempotencyKeys<Answer> {
  readonly #options: IdempotencyKeysOptions
  readonly #remembered = new Map<string, Remembered<Answer>>()
  readonly #lock = new KeyedLock()

  constructor(options: IdempotencyKeysOptions) {
    this.#options = options
  }

  /**
   * Runs `work`, or gives the answer of an earlier run of the same request. Repeats that come
   * while it runs wait for it. A run that fails is forgotten. Fails with `idempotency_conflict`
   * where the key came with another fingerprint.
   */
  async once(
    request: IdempotentRequest | undefined,
    work: () => Promise<Answer>,
  ): Promise<{ readonly answer: Answer; readonly replayed: boolean }> {
    if (request === undefined) return { answer: await work(), replayed: false }
    return this.#lock.run(request.key, async () => {
      const known = this.#recall(request)
      if (known !== undefined) return { answer: known.answer, replayed: true }
      const answer = await work()
      this.#remember(request, answer)
      return { answer, replayed: false }
    })
  }

  #recall({ key, fingerprint }: IdempotentRequest): Remembered<Answer> | undefined {
    const known = this.#remembered.get(key)
    if (known === undefined || known.until < Date.now()) return undefined
    if (known.fingerprint !== fingerprint) {
      throw new ParleyError('idempotency_conflict', 'This key came with another request before.')
    }
    return known
  }

  #remember({ key, fingerprint }: IdempotentRequest, answer: Answer): void {
    this.#remembered.delete(key)
    this.#remembered.set(key, { fingerprint, answer, until: Date.now() + this.#options.keepMs })
    for (const oldest of this.#remembered.keys()) {
      if (this.#remembered.size <= this.#options.maxKeys) break
      this.#remembered.delete(oldest)
    }
  }
}
