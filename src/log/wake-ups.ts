/**
 * Wakes those who watch a key. What is scheduled within one turn of the event loop wakes each
 * watcher once: events that come in a burst are read, and written to a socket, together.
 */
export class WakeUps {
  readonly #watchers = new Map<string, Set<() => void>>()
  readonly #scheduled = new Set<string>()

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
    if (this.#scheduled.size === 0) setImmediate(() => this.#wakeAll())
    this.#scheduled.add(key)
  }

  #wakeAll(): void {
    const keys = [...this.#scheduled]
    this.#scheduled.clear()
    for (const key of keys) {
      for (const wake of this.#watchers.get(key) ?? []) wake()
    }
  }
}
