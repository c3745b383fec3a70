/** Milliseconds that waking may take before it is worth a rest, and that a rest may take. */
const leastWork = 1
const longestRest = 5

/**
 * Wakes those who watch a key. What is scheduled within one turn of the event loop wakes each
 * watcher once: events that come in a burst are read, and written to a socket, together. Where
 * waking takes long because many watch, as much time passes before the next pass, so that more
 * goes into each write and the process has time for others.
 */
export class WakeUps {
  readonly #watchers = new Map<string, Set<() => void>>()
  readonly #scheduled = new Set<string>()
  #busy = false

  /** Calls `wake` after each burst. Returns the function that ends it. */
  watch(key: string, wake: () => void): () => void {
    const watchers = this.#watchers.get(key) ?? new Set()
    this.#watchers.set(key, watchers)
    watchers.add(wake)
    return () => {
      watchers.delete(wake)
      if (watchers.size === 0 && this.#watchers.get(key) === watchers) this.#watchers.delete(key)
    }
  }

  schedule(key: string): void {
    if (!this.#watchers.has(key)) return
    this.#scheduled.add(key)
    if (this.#busy) return
    this.#busy = true
    setImmediate(() => this.#wakeAll())
  }

  #wakeAll(): void {
    const begun = performance.now()
    const keys = [...this.#scheduled]
    this.#scheduled.clear()
    for (const key of keys) {
      for (const wake of this.#watchers.get(key) ?? []) wake()
    }
    // What the watchers do goes on in promises: it is over by the next turn.
    setImmediate(() => this.#rest(performance.now() - begun))
  }

  #rest(worked: number): void {
    if (worked < leastWork) this.#goOn()
    else setTimeout(() => this.#goOn(), Math.min(worked, longestRest))
  }

  #goOn(): void {
    if (this.#scheduled.size > 0) this.#wakeAll()
    else this.#busy = false
  }
}
