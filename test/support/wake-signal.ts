/** Lets one side wait for calls of another without missing any. */
export class WakeSignal {
  #next = Promise.withResolvers<void>()
  calls = 0

  readonly wake = (): void => {
    this.calls += 1
    this.#next.resolve()
    this.#next = Promise.withResolvers<void>()
  }

  /** Resolves at the next call after this one. */
  next(): Promise<void> {
    return this.#next.promise
  }
}
