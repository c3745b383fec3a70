import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

const host = '127.0.0.1'

/** A keep-alive connection that has one request at a time, and little work of its own. */
export class HttpConnection implements Disposable {
  readonly #socket: Socket
  #received = ''
  #answered: (body: string) => void = () => {}
  #failed: (error: Error) => void = () => {}

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.setEncoding('latin1')
    socket.on('data', (text: string) => this.#take(text))
    socket.on('error', (error) => this.#failed(error))
    socket.on('close', () => this.#failed(new Error('the server closed the connection')))
  }

  static async open(port: number): Promise<HttpConnection> {
    return new HttpConnection(await openSocket(port))
  }

  /** Resolves with the answer's body; fails unless its status is a success. */
  post(path: string, body: string): Promise<string> {
    const { promise, resolve, reject } = Promise.withResolvers<string>()
    this.#answered = resolve
    this.#failed = reject
    const length = Buffer.byteLength(body)
    this.#socket.write(
      `POST ${path} HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n\r\n${body}`,
    )
    return promise
  }

  [Symbol.dispose](): void {
    this.#failed = () => {}
    this.#socket.destroy()
  }

  #take(text: string): void {
    this.#received += text
    const headEnd = this.#received.indexOf('\r\n\r\n')
    if (headEnd === -1) return
    const head = this.#received.slice(0, headEnd)
    const length = Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? 0)
    const body = this.#received.slice(headEnd + 4)
    if (body.length < length) return
    this.#received = ''
    if (/^HTTP\/1.1 2/.test(head)) this.#answered(body)
    else this.#failed(new Error(`${head.split('\r\n', 1)[0]} ${body}`))
  }
}

/** Opens an event stream. Its bytes come with the head and the chunk sizes between them. */
export async function openStream(port: number, path: string): Promise<Socket> {
  const socket = await openSocket(port)
  socket.write(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\nAccept: text/event-stream\r\n\r\n`)
  return socket
}

async function openSocket(port: number): Promise<Socket> {
  const socket = connect({ port, host, noDelay: true })
  await once(socket, 'connect')
  return socket
}
