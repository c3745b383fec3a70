import {
  isReaderReport,
  isRequestReport,
  isServerReport,
  type ReaderCommand,
  type ReaderReport,
  type RequestCommand,
  type RequestReport,
  type ServerCommand,
  type ServerReport,
} from './messages.ts'
import { Worker } from './worker.ts'

type ServerName = 'parley-server' | 'bare-route-server' | 'bare-stream-server'

export interface Server extends AsyncDisposable {
  readonly worker: Worker<ServerCommand, ServerReport>
  readonly port: number
  readonly streamPath: string
}

/** A server process that listens. */
export async function startServer(name: ServerName): Promise<Server> {
  const worker = new Worker<ServerCommand, ServerReport>(name, isServerReport)
  const { port, streamPath } = await worker.next('listening')
  return { worker, port, streamPath, [Symbol.asyncDispose]: () => worker[Symbol.asyncDispose]() }
}

/** A process that sends requests. */
export async function startRequester(): Promise<Worker<RequestCommand, RequestReport>> {
  const worker = new Worker<RequestCommand, RequestReport>('requester', isRequestReport)
  await worker.next('ready')
  return worker
}

/** A process with readers of a server's stream, which has their acknowledgements passed on. */
export async function startReaders(
  server: Server,
  count: number,
): Promise<Worker<ReaderCommand, ReaderReport>> {
  const worker = new Worker<ReaderCommand, ReaderReport>('readers', isReaderReport)
  worker.on('received', ({ count: received }) =>
    server.worker.send({ type: 'acknowledge', received }),
  )
  await connectReaders(worker, server, count)
  return worker
}

/** Opens more readers; resolves when each has its first bytes. */
export async function connectReaders(
  readers: Worker<ReaderCommand, ReaderReport>,
  { port, streamPath: path }: Server,
  count: number,
): Promise<void> {
  await readers.ask({ type: 'connect', port, path, count }, 'connected')
}
