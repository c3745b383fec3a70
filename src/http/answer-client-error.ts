import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { ParleyError } from '../errors.ts'
import { problemOf } from './problem.ts'

const details: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: 'The head of the request is too large.',
  ERR_HTTP_REQUEST_TIMEOUT: 'The request did not arrive in time.',
}

/** Answers bytes that are not HTTP as any other bad request, and closes the connection. */
export function answerClientError(error: { readonly code: string }, socket: Socket): void {
  // Inside or before the answer to another request, this one would be taken for that.
  const begun = socket.bytesWritten > 0 || isAnswering(socket)
  if (error.code === 'ECONNRESET' || !socket.writable || begun) {
    socket.destroy()
    return
  }
  const detail = details[error.code] ?? `This is not HTTP/1.1 (${error.code}).`
  const problem = new ParleyError('invalid_request', detail)
  const requestId = randomUUID()
  const body = JSON.stringify(problemOf(problem, requestId))
  const head = [
    'HTTP/1.1 400 Bad Request',
    'content-type: application/problem+json; charset=utf-8',
    `content-length: ${Buffer.byteLength(body)}`,
    `x-request-id: ${requestId}`,
    'connection: close',
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`)
}

/** Node's own note of the answer that a connection waits for. */
interface Answering {
  readonly _httpMessage?: { readonly req: IncomingMessage } | null
}

/** Whether a whole request of the connection waits for its answer. */
function isAnswering(socket: Socket & Answering): boolean {
  return socket._httpMessage?.req.complete === true
}
