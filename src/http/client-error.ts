import { randomUUID } from 'node:crypto'
import type { Socket } from 'node:net'
import { ParleyError } from '../errors.ts'
import { problemOf } from './problem.ts'

/** Answers bytes that are not HTTP as any other bad request, and closes the connection. */
export function answerClientError(error: { readonly code: string }, socket: Socket): void {
  // Once anything was sent, an answer could end up inside another one.
  if (error.code === 'ECONNRESET' || !socket.writable || socket.bytesWritten > 0) {
    socket.destroy()
    return
  }
  const problem = new ParleyError('invalid_request', `This is not HTTP/1.1 (${error.code}).`)
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
