import { connect } from 'node:net'

/** An answer as it came over the socket. */
export interface RawAnswer {
  readonly status: number
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>
  /** Without its transfer coding. Of an event stream: what had come when its head was complete. */
  readonly body: string
}

export interface RawRequest {
  readonly method?: string
  /** The request target, as it goes into the first line. */
  readonly path: string
  /** A header may come twice; one that is null is left out. `Host` is added where it is not given. */
  readonly headers?: readonly (readonly [name: string, value: string | null])[]
  readonly body?: string | Buffer
  readonly version?: '1.0' | '1.1'
}

/** Sends a request that ordinary clients would refuse to send, and reads its answer. */
export async function sendRaw(url: string, request: RawRequest): Promise<RawAnswer> {
  const answer = await exchangeBytes(url, encodeRequest(url, request))
  if (answer === undefined) throw new Error('the connection was closed without an answer')
  return answer
}

/**
 * Sends bytes over a connection of their own and reads one answer; undefined where the server
 * closes without any. With `end`, the connection is half-closed after the bytes.
 */
export async function exchangeBytes(
  url: string,
  bytes: string | Buffer,
  options: { readonly end?: boolean } = {},
): Promise<RawAnswer | undefined> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  const { promise, resolve } = Promise.withResolvers<RawAnswer | undefined>()
  let received = Buffer.alloc(0)
  socket.on('data', (chunk) => {
    received = Buffer.concat([received, chunk])
    const answer = parseAnswer(received)
    if (answer !== undefined) resolve(answer)
  })
  // A server that refuses a body may reset the connection behind its answer.
  socket.on('error', () => {})
  socket.on('close', () => resolve(parseAnswer(received, true)))
  socket.write(bytes)
  if (options.end === true) socket.end()
  return promise.finally(() => socket.destroy())
}

function encodeRequest(url: string, request: RawRequest): Buffer {
  const { method = 'GET', path, headers = [], body, version = '1.1' } = request
  const names = new Set(headers.map(([name]) => name.toLowerCase()))
  const added: [string, string][] = []
  if (!names.has('host')) added.push(['Host', new URL(url).host])
  // What a HEAD leaves out cannot be waited for.
  if (method === 'HEAD') added.push(['Connection', 'close'])
  const isSized = names.has('content-length') || names.has('transfer-encoding')
  if (body !== undefined && !isSized) added.push(['Content-Length', `${Buffer.byteLength(body)}`])
  const lines = [...added, ...headers]
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `${name}: ${value}\r\n`)
  const head = `${method} ${path} HTTP/${version}\r\n${lines.join('')}\r\n`
  return Buffer.concat([Buffer.from(head, 'latin1'), Buffer.from(body ?? '')])
}

/** The answer in these bytes; undefined where it is not complete. */
function parseAnswer(bytes: Buffer, ended = false): RawAnswer | undefined {
  const headEnd = bytes.indexOf('\r\n\r\n')
  if (headEnd === -1) return undefined
  const [statusLine = '', ...lines] = bytes.subarray(0, headEnd).toString('latin1').split('\r\n')
  const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(statusLine)?.[1])
  const rest = bytes.subarray(headEnd + 4)
  if (status === 100) return parseAnswer(rest, ended)
  const headers = new Map<string, string>()
  for (const line of lines) {
    const colon = line.indexOf(':')
    headers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim())
  }
  const body = bodyOf(headers, rest, ended)
  return body === undefined ? undefined : { status, headers, body }
}

function bodyOf(
  headers: ReadonlyMap<string, string>,
  rest: Buffer,
  ended: boolean,
): string | undefined {
  const isStream = headers.get('content-type')?.startsWith('text/event-stream') === true
  if (isStream) return rest.toString()
  const isChunked = headers.get('transfer-encoding') === 'chunked'
  const body = isChunked ? dechunk(rest) : sizedBody(headers, rest)
  return body ?? (ended ? rest.toString() : undefined)
}

function sizedBody(headers: ReadonlyMap<string, string>, rest: Buffer): string | undefined {
  const length = headers.get('content-length')
  const isWhole =
    length === undefined ? headers.get('connection') !== 'close' : rest.length >= Number(length)
  return isWhole ? rest.toString() : undefined
}

function dechunk(bytes: Buffer): string | undefined {
  const parts: Buffer[] = []
  for (let at = 0; ;) {
    const lineEnd = bytes.indexOf('\r\n', at)
    if (lineEnd === -1) return undefined
    const size = Number.parseInt(bytes.subarray(at, lineEnd).toString(), 16)
    if (size === 0) return Buffer.concat(parts).toString()
    parts.push(bytes.subarray(lineEnd + 2, lineEnd + 2 + size))
    at = lineEnd + 2 + size + 2
    if (at > bytes.length) return undefined
  }
}
