/** A line of the server's log, parsed. */
export type LogLine = Readonly<Record<string, unknown>>

/** The log of a test server: give `write` to `startServer` as its `logLine`. */
export class LogLines {
  readonly all: LogLine[] = []
  #changed = Promise.withResolvers<void>()

  readonly write = (line: string): void => {
    this.all.push(JSON.parse(line))
    this.#changed.resolve()
    this.#changed = Promise.withResolvers()
  }

  /** The lines with this message so far. */
  named(msg: string): LogLine[] {
    return this.all.filter((line) => line['msg'] === msg)
  }

  /** The first `count` lines with this message, once they are there. */
  async wait(msg: string, count = 1): Promise<LogLine[]> {
    for (;;) {
      const changed = this.#changed.promise
      const found = this.named(msg)
      if (found.length >= count) return found.slice(0, count)
      await changed
    }
  }
}
