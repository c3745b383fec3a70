import { connect, type Socket } from 'node:net'
import { finished } from 'node:stream/promises'

export interface RawRequest {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** With 1.0 the body comes as it is, without chunks, and ends with the connection. */
  readonly version?: '1.0' | '1.1'
}

/** One request on a socket of its own, and every byte that comes back. */
export class RawClient implements AsyncDisposable {
  readonly #socket: Socket
  readonly #chunks: Buffer[] = []
  #changed = Promise.withResolvers<void>()
  /** Resolves when the connection is closed, by whomever. */
  readonly closed: Promise<void>

  private constructor(socket: Socket) {
    this.#socket = socket
    this.closed = finished(socket).catch(() => undefined)
    void this.closed.then(() => this.#wake())
    socket.on('data', (chunk) => {
      this.#chunks.push(chunk)
      this.#wake()
    })
  }

  static open(url: string, request: RawRequest = {}): RawClient {
    const { hostname, port, pathname, search, host } = new URL(url)
    const { method = 'GET', headers = {}, body = '', version = '1.1' } = request
    const length = body === '' ? {} : { 'content-length': String(Buffer.byteLength(body)) }
    const lines = Object.entries({ host, ...length, ...headers }).map(([k, v]) => `${k}: ${v}`)
    const socket = connect({ host: hostname, port: Number(port), noDelay: true })
    const head = [`${method} ${pathname}${search} HTTP/${version}`, ...lines].join('\r\n')
    socket.write(`${head}\r\n\r\n${body}`)
    return new RawClient(socket)
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#chunks)
  }

  get localPort(): number {
    return this.#socket.localPort ?? 0
  }

  /** Everything so far, once it has `text` in it. Fails if the connection closes before. */
  async until(text: string): Promise<string> {
    let looked = 0
    let tail = Buffer.alloc(0)
    for (;;) {
      const changed = this.#changed.promise
      const { closed } = this.#socket
      const window = Buffer.concat([tail, ...this.#chunks.slice(looked)])
      if (window.includes(text)) return this.bytes.toString()
      if (closed) throw new Error(`closed before ${JSON.stringify(text)}: ${window.toString()}`)
      looked = this.#chunks.length
      tail = window.subarray(-Buffer.byteLength(text))
      await changed
    }
  }

  /** The status and the headers, once they are there. */
  async head(): Promise<{ readonly status: number; readonly headers: Map<string, string> }> {
    const [head = ''] = (await this.until('\r\n\r\n')).split('\r\n\r\n')
    const [statusLine = '', ...lines] = head.split('\r\n')
    const headers = lines.map((line): [string, string] => {
      const colon = line.indexOf(':')
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]
    })
    return { status: Number(statusLine.split(' ')[1]), headers: new Map(headers) }
  }

  /** What came behind the headers so far. */
  get body(): Buffer {
    const { bytes } = this
    return bytes.subarray(bytes.indexOf('\r\n\r\n') + 4)
  }

  /** Stops reading without closing, as a stalled client does. */
  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  /** Says that it sends no more, as a polite client does. */
  end(): void {
    this.#socket.end()
  }

  /** Drops the connection without a goodbye. */
  reset(): void {
    this.#socket.resetAndDestroy()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.destroy()
    await this.closed
  }

  #wake(): void {
    this.#changed.resolve()
    this.#changed = Promise.withResolvers()
  }
}
