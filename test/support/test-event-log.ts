import { MemoryEventLog } from '../../src/log/memory-event-log.ts'
import type { NewEvent } from '../../src/log/event-log.ts'

/** An EventLog whose appends the test can hold up or let fail. */
export class TestEventLog extends MemoryEventLog {
  /** How many events came with each append that was let through. */
  readonly batches: number[] = []
  failure: Error | undefined
  #gate = Promise.resolve()

  constructor() {
    super({ maxBytesPerConversation: Infinity })
  }

  /** Appends wait until the function that this returns is called. */
  hold(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#gate = promise
    return resolve
  }

  override async append(id: string, expectedLastSeq: number, events: readonly NewEvent[]) {
    await this.#gate
    if (this.failure !== undefined) throw this.failure
    this.batches.push(events.length)
    await super.append(id, expectedLastSeq, events)
  }

  /** Every event of a conversation. */
  async events(id: string): Promise<NewEvent[]> {
    const { events } = await this.read(id, { after: 0, limit: 1_000_000 })
    return events.map(({ frame }) => JSON.parse(frame.toString().split('\n')[0]?.slice(6) ?? ''))
  }
}
