import { request as httpRequest, type IncomingMessage } from 'node:http'

/** One block of an SSE stream as the HTML standard reads it. */
export interface SseBlock {
  readonly id: string | undefined
  readonly event: string | undefined
  readonly data: string | undefined
  readonly retry: string | undefined
  readonly comments: readonly string[]
}

/**
 * Reads a stream of blocks from a socket, written from the standard and not from our writer. It
 * does not reconnect.
 */
export class SseReader implements AsyncDisposable {
  readonly #response: IncomingMessage
  readonly #blocks: AsyncGenerator<SseBlock>

  private constructor(response: IncomingMessage) {
    this.#response = response
    this.#blocks = readBlocks(response)
  }

  static async open(
    url: string,
    options: { headers?: Record<string, string>; method?: string; body?: string } = {},
  ): Promise<SseReader> {
    const { headers = {}, method = 'GET', body } = options
    const request = httpRequest(url, {
      method,
      headers: { accept: 'text/event-stream', ...headers },
    })
    request.end(body)
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      request.on('response', resolve)
      request.on('error', reject)
    })
    return new SseReader(response)
  }

  get status(): number {
    return this.#response.statusCode ?? 0
  }

  get headers(): IncomingMessage['headers'] {
    return this.#response.headers
  }

  /** The next block, or undefined at the end of the stream. */
  async block(): Promise<SseBlock | undefined> {
    const next = await this.#blocks.next()
    return next.done === true ? undefined : next.value
  }

  /** The next block with data that is not a control frame, parsed; undefined at the end. */
  async event(): Promise<any> /* oxlint-disable-line typescript/no-explicit-any */ {
    for (;;) {
      const block = await this.block()
      if (block === undefined) return undefined
      if (block.data !== undefined && block.event === undefined) return JSON.parse(block.data)
    }
  }

  /** Every block up to the end of the stream. */
  async rest(): Promise<SseBlock[]> {
    const blocks: SseBlock[] = []
    for await (const block of this.#blocks) blocks.push(block)
    return blocks
  }

  /** Reads events up to and with the first of this type. */
  async until(type: string): Promise<any[]> /* oxlint-disable-line typescript/no-explicit-any */ {
    const events = []
    for (;;) {
      const event = await this.event()
      if (event === undefined) throw new Error(`the stream ended before ${type}`)
      events.push(event)
      if (event.msg.type === type) return events
    }
  }

  /** Stops reading without closing, as a stalled client does. */
  pause(): void {
    this.#response.pause()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#response.destroy()
  }
}

/** The blocks in some bytes. One that is not complete at their end is no block. */
export async function* readBlocks(
  response: AsyncIterable<Buffer> | Iterable<Buffer>,
): AsyncGenerator<SseBlock> {
  let lines: string[] = []
  for await (const line of readLines(response)) {
    if (line !== '') lines.push(line)
    else if (lines.length > 0) {
      yield parseBlock(lines)
      lines = []
    }
  }
}

async function* readLines(
  response: AsyncIterable<Buffer> | Iterable<Buffer>,
): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of response) {
    rest += decoder.decode(chunk, { stream: true })
    const lines = rest.split(/\r\n|\n|\r(?!$)/)
    rest = lines.pop() ?? ''
    yield* lines
  }
}

function parseBlock(lines: readonly string[]): SseBlock {
  const fields = new Map<string, string[]>()
  for (const line of lines) {
    const colon = line.indexOf(':')
    const name = colon === -1 ? line : line.slice(0, colon)
    const value = colon === -1 ? '' : line.slice(colon + 1).replace(/^ /, '')
    fields.set(name, [...(fields.get(name) ?? []), value])
  }
  return {
    id: fields.get('id')?.at(-1),
    event: fields.get('event')?.at(-1),
    data: fields.get('data')?.join('\n'),
    retry: fields.get('retry')?.at(-1),
    comments: fields.get('') ?? [],
  }
}
