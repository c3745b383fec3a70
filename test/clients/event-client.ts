import { Channel } from '../support/channel.ts'

/** What an EventSource dispatches as a message. */
export interface Message {
  readonly data: string
  readonly lastEventId: string
}

/** An EventSource somewhere: here or in a browser. */
export class EventClient implements AsyncDisposable {
  readonly messages = new Channel<Message>()
  readonly controls = new Channel<Message>()
  readonly #closed = Promise.withResolvers<void>()
  readonly #dispose: () => Promise<void>

  constructor(dispose: () => Promise<void>) {
    this.#dispose = dispose
  }

  /** Resolves once it has given up: its readyState is CLOSED. */
  get closed(): Promise<void> {
    return this.#closed.promise
  }

  setClosed(): void {
    this.#closed.resolve()
  }

  /** The next event, parsed; its seq must be what the client would reconnect with. */
  async event(): Promise<any> /* oxlint-disable-line typescript/no-explicit-any */ {
    const { data, lastEventId } = await this.messages.next()
    const event = JSON.parse(data)
    if (String(event.seq) !== lastEventId) throw new Error(`${data} came as ${lastEventId}`)
    return event
  }

  async control(): Promise<unknown> {
    return JSON.parse((await this.controls.next()).data)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#dispose()
  }
}

export type Connect = (url: string) => Promise<EventClient>

/** What the EventSource implementations for Node have in common; each has event types of its own. */
interface NodeEventSource {
  onmessage: ((event: any) => unknown) | null // oxlint-disable-line typescript/no-explicit-any
  readonly readyState: number
  addEventListener(type: string, listener: (event: any) => void): void // oxlint-disable-line typescript/no-explicit-any
  close(): void
}

/** A client around an EventSource in this process. */
export function watchWith(create: (url: string) => NodeEventSource): Connect {
  return async (url) => {
    const source = create(url)
    const client = new EventClient(async () => source.close())
    // What most pages use, and what an `event:` field would keep from being called.
    // oxlint-disable-next-line unicorn/prefer-add-event-listener
    source.onmessage = (message: Message) => client.messages.push(message)
    source.addEventListener('control', (message: Message) => client.controls.push(message))
    source.addEventListener('error', () => {
      if (source.readyState === 2) client.setClosed()
    })
    return client
  }
}
