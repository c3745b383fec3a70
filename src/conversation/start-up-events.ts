import type { AgentEvent } from '../agents/agent.ts'

/** Events that are kept for a conversation that is being made; what comes beyond is dropped. */
const maxHeld = 256

/** Keeps what a session says until its conversation exists, then passes it on. */
export class StartUpEvents {
  readonly #first = Promise.withResolvers<AgentEvent>()
  #begun = false
  #held: AgentEvent[] = []
  #sink: ((event: AgentEvent) => void) | undefined

  /** The first event; it is not passed on. */
  get first(): Promise<AgentEvent> {
    return this.#first.promise
  }

  readonly take = (event: AgentEvent): void => {
    if (!this.#begun) {
      this.#begun = true
      this.#first.resolve(event)
    } else if (this.#sink !== undefined) this.#sink(event)
    else if (this.#held.length < maxHeld) this.#held.push(event)
  }

  /** Sends what was held, and what is still to come, to `sink`. */
  attach(sink: (event: AgentEvent) => void): void {
    for (const event of this.#held) sink(event)
    this.#held = []
    this.#sink = sink
  }
}
