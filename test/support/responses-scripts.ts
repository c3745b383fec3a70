import type { OutgoingHttpHeaders, ServerResponse } from 'node:http'
import { answerEvents, type ServerEvent } from './responses-events.ts'

/** One request at the server, and the answer to it. */
export interface Exchange {
  readonly response: ServerResponse
  /** Resolves once the connection of the exchange is closed or the answer is sent. */
  readonly closed: Promise<void>
}

/** What the server does with one request. */
export type Script = (exchange: Exchange) => Promise<void>

/** A piece of a streamed answer: an event to send, or something to do. */
export type Step = ServerEvent | ((exchange: Exchange) => void | Promise<void>)

/** Answers with a stream, which ends after the last step. */
export function stream(...steps: readonly Step[]): Script {
  return async (exchange) => {
    exchange.response.writeHead(200, { 'content-type': 'text/event-stream' })
    exchange.response.flushHeaders()
    for (const step of steps) {
      if (typeof step === 'function') await step(exchange)
      else await write(exchange, encodeEvent(step))
    }
    exchange.response.end()
  }
}

/** Answers with a text, streamed word by word. */
export function textAnswer(text: string, itemId?: string): Script {
  return stream(...answerEvents(text, itemId))
}

/** Answers with a status; an object becomes JSON. */
export function status(
  code: number,
  body: string | object = '',
  headers: OutgoingHttpHeaders = {},
): Script {
  return async ({ response }) => {
    response.writeHead(code, headers)
    response.end(typeof body === 'string' ? body : JSON.stringify(body))
  }
}

/** Answers with a status and an error body as the API has it. */
export function errorStatus(
  code: number,
  error: { readonly code?: string; readonly type?: string; readonly message?: string },
  headers: OutgoingHttpHeaders = {},
): Script {
  return status(code, { error }, headers)
}

/** A step that sends bytes as they are. */
export function bytes(data: Uint8Array | string): Step {
  return (exchange) => write(exchange, data)
}

/** As a step it breaks the stream off, as a script the connection before any answer. */
export async function cut({ response }: Exchange): Promise<void> {
  response.destroy()
}

/** Sends nothing more, and keeps the connection until the client (or the server's end) closes it. */
export async function stall({ closed }: Exchange): Promise<void> {
  await closed
}

/** A step, or a script's start, that waits until the test opens the gate. */
export interface Gate {
  readonly wait: () => Promise<void>
  readonly open: () => void
}

export function createGate(): Gate {
  const { promise, resolve } = Promise.withResolvers<void>()
  return { wait: () => promise, open: resolve }
}

export function encodeEvent(event: ServerEvent): string {
  return `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`
}

/** Resolves once the data has left the process: a cut after it does not take it back. */
function write({ response, closed }: Exchange, data: Uint8Array | string): Promise<void> {
  if (response.destroyed) return Promise.resolve()
  const written = new Promise<void>((resolve) => {
    response.write(data, () => resolve())
  })
  return Promise.race([written, closed])
}
