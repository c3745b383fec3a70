import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises'
import type { Published, PublishPlan, Schedule } from './messages.ts'

/** Events that may be outstanding: published, and not yet received by every reader. */
const windowSize = 128
/** Readers acknowledge in steps of so many events; a run publishes a multiple of it. */
export const acknowledgeStep = 64
const pacedMs = 20

/** What each event carries; with its frame it makes some 300 bytes. */
const payload = 'one small piece of what a model says '.repeat(5)

/** Publishes into one stream, never further ahead of its slowest reader than the window. */
export class Publisher {
  readonly #emit: (text: string) => Promise<void> | void
  #published = 0
  #received = 0
  #wake: () => void = () => {}

  constructor(emit: (text: string) => Promise<void> | void) {
    this.#emit = emit
  }

  get published(): number {
    return this.#published
  }

  acknowledge(received: number): void {
    this.#received = received
    this.#wake()
  }

  /** Publishes for the plan's time and waits until every reader has everything. */
  async run({ schedule, ms }: PublishPlan): Promise<Omit<Published, 'lastId'>> {
    const cpu = process.cpuUsage()
    const before = this.#published
    const start = performance.now()
    while (performance.now() - start < ms || this.#published % acknowledgeStep > 0) {
      await this.#emit(payload)
      this.#published += 1
      // A late event does not move those after it.
      const due = start + (this.#published - before) * pacedMs
      await this.#pause(schedule, due)
    }
    await this.#outstandingBelow(1)
    const elapsed = performance.now() - start
    const { user, system } = process.cpuUsage(cpu)
    const total = this.#published
    return { events: total - before, ms: elapsed, cpuMicros: user + system, total }
  }

  async #pause(schedule: Schedule, due: number): Promise<void> {
    if (schedule === 'paced') await delay(Math.max(0, due - performance.now()))
    if (schedule === 'turn') await nextTurn()
    await this.#outstandingBelow(windowSize)
  }

  async #outstandingBelow(limit: number): Promise<void> {
    while (this.#published - this.#received >= limit) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }
}
