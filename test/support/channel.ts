/** Values that one side pushes and the other awaits, in order. */
export class Channel<Value> {
  readonly #values: Value[] = []
  readonly #waiting: ((value: Value) => void)[] = []

  push(value: Value): void {
    const next = this.#waiting.shift()
    if (next === undefined) this.#values.push(value)
    else next(value)
  }

  async next(): Promise<Value> {
    const value = this.#values.shift()
    if (value !== undefined) return value
    return new Promise((resolve) => {
      this.#waiting.push(resolve)
    })
  }
}
