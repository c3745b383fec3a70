import { request as httpRequest, type IncomingMessage } from 'node:http'
import { readBlocks } from './sse-reader.ts'

/** How a connection ended for a `ResumingReader`. */
export type ReadEnd = 'cut' | 'ended' | 'closed' | 'no content'

/**
 * Reads a stream over several connections, as an EventSource does: it goes on behind the last id
 * it has seen. Each connection can be cut after any number of bytes.
 */
export class ResumingReader {
  readonly events: any[] = [] // oxlint-disable-line typescript/no-explicit-any
  readonly #url: string
  #lastId = ''

  constructor(url: string) {
    this.#url = url
  }

  /** Connects and reads so many bytes of the body; what comes behind them is lost. */
  async read(bytes = Infinity): Promise<ReadEnd> {
    const headers = this.#lastId === '' ? {} : { 'last-event-id': this.#lastId }
    const response = await open(this.#url, headers)
    if (response.statusCode === 200) return this.#readBody(new FirstBytes(response, bytes))
    response.resume()
    if (response.statusCode === 204) return 'no content'
    throw new Error(`status ${response.statusCode}`)
  }

  async #readBody(body: FirstBytes): Promise<ReadEnd> {
    for await (const { id, event, data } of readBlocks(body)) {
      this.#lastId = id ?? this.#lastId
      if (event === 'control') return JSON.parse(data ?? '').type
      if (data !== undefined) this.events.push(JSON.parse(data))
    }
    return body.complete ? 'ended' : 'cut'
  }
}

/** The first bytes of an answer; once they are read the connection is dropped. */
class FirstBytes implements AsyncIterable<Buffer> {
  readonly #response: IncomingMessage
  #left: number
  complete = false

  constructor(response: IncomingMessage, bytes: number) {
    this.#response = response
    this.#left = bytes
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer> {
    try {
      if (this.#left === 0) return
      for await (const chunk of this.#response as AsyncIterable<Buffer>) {
        yield chunk.subarray(0, this.#left)
        this.#left -= Math.min(this.#left, chunk.length)
        if (this.#left === 0) return
      }
      this.complete = true
    } finally {
      this.#response.destroy()
    }
  }
}

async function open(url: string, headers: Record<string, string>): Promise<IncomingMessage> {
  const request = httpRequest(url, { headers: { accept: 'text/event-stream', ...headers } })
  request.end()
  return new Promise((resolve, reject) => {
    request.on('response', resolve)
    request.on('error', reject)
  })
}
