/**
 * A lock per key: whoever holds a key runs alone for it, the others wait in order of arrival. It
 * guards what awaits between a look-up and an insert, so that concurrent repeats do the work once.
 * Keys that nobody holds cost nothing.
 */
export class KeyedLock {
  readonly #tails = new Map<string, Promise<void>>()

  /** Runs `work` while holding `key`. Settles as `work` does. Not re-entrant. */
  async run<Result>(key: string, work: () => Promise<Result>): Promise<Result> {
    const before = this.#tails.get(key)
    const { promise: released, resolve: release } = Promise.withResolvers<void>()
    this.#tails.set(key, released)
    await before
    try {
      return await work()
    } finally {
      if (this.#tails.get(key) === released) this.#tails.delete(key)
      release()
    }
  }
}
