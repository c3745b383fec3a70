/** Runs jobs one at a time, in the order they came. */
export class SerialQueue {
  #tail: Promise<unknown> = Promise.resolve()
  #size = 0

  /** How many jobs wait or run. */
  get size(): number {
    return this.#size
  }

  /** Settles as `job` does, once its turn has come. A failed job stops nobody. */
  run<Result>(job: () => Promise<Result> | Result): Promise<Result> {
    this.#size += 1
    const result = this.#tail.then(job).finally(() => {
      this.#size -= 1
    })
    this.#tail = result.catch(() => undefined)
    return result
  }
}
