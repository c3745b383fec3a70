import { once } from 'node:events'
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http'
import { text } from 'node:stream/consumers'
import type { ResponseCreateParamsStreaming } from 'openai/resources/responses/responses'
import { textAnswer, type Script } from './responses-scripts.ts'

/** A request as the server got it. */
interface RecordedRequest {
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: ResponseCreateParamsStreaming
  /** The same for requests that came over one connection. */
  readonly connection: number | undefined
}

/** A Responses server that does what its scripts say: the first for the first request, and so on. */
export interface ResponsesServer extends AsyncDisposable {
  /** Where clients find it, up to and without `/responses`. */
  readonly baseUrl: string
  readonly requests: readonly RecordedRequest[]
  /** Adds scripts to the queue. */
  script(...scripts: readonly Script[]): void
  /** Resolves with the nth request, from 1, once it has arrived. */
  arrived(n: number): Promise<RecordedRequest>
  /** Resolves once the client of the nth request, from 1, went away before its answer's end. */
  clientLeft(n: number): Promise<void>
}

export interface ResponsesServerOptions {
  /** For requests beyond the queue. Default: answers with "ok". */
  readonly defaultScript?: Script
}

interface Slot {
  readonly arrived: PromiseWithResolvers<RecordedRequest>
  readonly left: PromiseWithResolvers<void>
}

export async function startResponsesServer(
  options: ResponsesServerOptions = {},
): Promise<ResponsesServer> {
  const queue: Script[] = []
  const requests: RecordedRequest[] = []
  const slots: Slot[] = []
  const slot = (n: number): Slot =>
    (slots[n - 1] ??= { arrived: Promise.withResolvers(), left: Promise.withResolvers() })

  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const recorded = await record(request)
    const { arrived, left } = slot(requests.push(recorded))
    const { promise: closed, resolve } = Promise.withResolvers<void>()
    response.once('close', () => {
      resolve()
      if (!response.writableFinished) left.resolve()
    })
    const script = queue.shift() ?? options.defaultScript ?? textAnswer('ok')
    arrived.resolve(recorded)
    await script({ response, closed })
  }
  const server = createServer((request, response) => {
    response.on('error', () => {})
    serve(request, response).catch(() => response.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : undefined

  return {
    baseUrl: `http://127.0.0.1:${port}/v1`,
    requests,
    script: (...scripts) => queue.push(...scripts),
    arrived: (n) => slot(n).arrived.promise,
    clientLeft: (n) => slot(n).left.promise,
    async [Symbol.asyncDispose]() {
      const ended = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await ended
    },
  }
}

async function record(request: IncomingMessage): Promise<RecordedRequest> {
  const body: ResponseCreateParamsStreaming = JSON.parse(await text(request))
  return {
    path: request.url ?? '',
    headers: request.headers,
    body,
    connection: request.socket.remotePort,
  }
}
