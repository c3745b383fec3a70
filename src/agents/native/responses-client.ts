import { Agent, request as httpRequest, type Dispatcher } from 'undici'
import { startIdleTimer, type IdleTimer } from './idle-timer.ts'
import { ModelError, type ModelClient, type ModelEvent, type ModelRequest } from './model-client.ts'
import { createRedact } from './redact.ts'
import { readStart, releaseBody } from './response-body.ts'
import { brokenRequest, brokenStream, refusedRequest, type Redact } from './responses-errors.ts'
import { createResponsesEvents } from './responses-events.ts'
import { responsesRequest } from './responses-request.ts'
import { sseBatches } from './sse-batches.ts'

export interface ResponsesClientOptions {
  /** Default: openai. */
  readonly provider?: string
  /** Up to and without `/responses`, as in https://api.openai.com/v1. */
  readonly baseUrl: string
  readonly apiKey: string
  /**
   * Milliseconds without an event, or without an answer, after which the server counts as gone.
   * Default: 300 s.
   */
  readonly idleTimeoutMs?: number
  /** What one event of the stream may hold, in characters. Default: 8 Mi. */
  readonly maxEventChars?: number
}

interface Connection {
  readonly url: string
  readonly apiKey: string
  readonly redact: Redact
  readonly dispatcher: Dispatcher
  readonly idleTimeoutMs: number
  readonly maxEventChars: number
}

/** What one sampling needs beside its request. */
interface Sampling {
  readonly connection: Connection
  /** The caller's signal. */
  readonly signal: AbortSignal
  readonly idle: IdleTimer
}

/**
 * A ModelClient over the Responses API, streaming over HTTP/1.1. All its samplings share one pool
 * of connections, which it keeps open between them and closes with itself.
 */
export function createResponsesClient(options: ResponsesClientOptions): ModelClient {
  const connection: Connection = {
    url: `${options.baseUrl.replace(/\/+$/, '')}/responses`,
    apiKey: options.apiKey,
    redact: createRedact(options.apiKey),
    dispatcher: new Agent({ allowH2: false, keepAliveTimeout: 30_000 }),
    idleTimeoutMs: options.idleTimeoutMs ?? 300_000,
    maxEventChars: options.maxEventChars ?? 8 * 1024 * 1024,
  }
  return {
    provider: options.provider ?? 'openai',
    sample: (request, signal) => sample(connection, request, signal),
    close: async () => {
      await connection.dispatcher.destroy()
    },
  }
}

async function* sample(
  connection: Connection,
  request: ModelRequest,
  signal: AbortSignal,
): AsyncGenerator<ModelEvent> {
  signal.throwIfAborted()
  using idle = startIdleTimer(connection.idleTimeoutMs)
  const sampling: Sampling = { connection, signal, idle }
  const response = await send(sampling, request).catch((error: unknown) => {
    throw reasonFor(error, sampling, 'request')
  })
  let whole = false
  try {
    for await (const event of modelEvents(response.body, sampling)) {
      whole = event.type === 'completed'
      yield event
      if (whole) return
    }
    throw brokenStream()
  } catch (error) {
    throw reasonFor(error, sampling, 'stream')
  } finally {
    releaseBody(response.body, whole)
  }
}

/** Sends the request; throws unless the server answers with 2xx. */
async function send(sampling: Sampling, request: ModelRequest): Promise<Dispatcher.ResponseData> {
  const { connection, signal, idle } = sampling
  const response = await httpRequest(connection.url, {
    dispatcher: connection.dispatcher,
    method: 'POST',
    headers: {
      authorization: `Bearer ${connection.apiKey}`,
      accept: 'text/event-stream',
      'content-type': 'application/json',
      'user-agent': 'parley',
    },
    body: JSON.stringify(responsesRequest(request)),
    signal: AbortSignal.any([signal, idle.signal]),
    // The idle timer does their work, and counts events, not bytes.
    headersTimeout: 0,
    bodyTimeout: 0,
  })
  // An abort destroys the body even while nobody reads it.
  response.body.on('error', () => {})
  if (response.statusCode >= 200 && response.statusCode < 300) return response
  const retryAfter = response.headers['retry-after']
  throw refusedRequest(
    {
      status: response.statusCode,
      retryAfter: Array.isArray(retryAfter) ? retryAfter[0] : retryAfter,
      text: await readStart(response.body),
    },
    connection.redact,
  )
}

async function* modelEvents(
  body: Dispatcher.ResponseData['body'],
  { connection, signal, idle }: Sampling,
): AsyncGenerator<ModelEvent> {
  const read = createResponsesEvents(connection.redact)
  const options = { maxEventChars: connection.maxEventChars, idleTimer: idle }
  for await (const batch of sseBatches(body, options)) {
    for (const data of batch) {
      signal.throwIfAborted()
      const event = read(data)
      if (event !== null) yield event
    }
  }
}

/** What to throw: the abort's reason, before all, or a ModelError. */
function reasonFor(error: unknown, { signal, idle }: Sampling, retry: 'request' | 'stream') {
  if (signal.aborted) return signal.reason as unknown
  if (error instanceof ModelError) return error
  if (idle.signal.aborted) {
    return new ModelError(
      `the model's server sent nothing for ${idle.ms / 1000} s`,
      { code: 'model_unreachable', retry },
      error,
    )
  }
  return retry === 'request' ? brokenRequest(error) : brokenStream(error)
}
