import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { expect, test } from 'vitest'
import { createConversation, get, post, say } from '../support/http.ts'
import { startProcess, urlOf } from '../support/parley-process.ts'
import { startServer } from '../support/test-server.ts'

/** A connection that has sent these bytes, which the server has accepted. */
async function connectTo(url: string, bytes: string): Promise<Socket> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  socket.on('error', () => {})
  await once(socket, 'connect')
  if (bytes !== '') await new Promise<void>((resolve) => socket.write(bytes, () => resolve()))
  // Answered behind it on another connection: the server has accepted this one.
  await get(`${url}/healthz`)
  return socket
}

const half = 'POST /conversations HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n'

const kinds = [
  ['that has sent nothing, as browsers open ahead of need', ''],
  ['that has sent half a head', 'GET /healthz HTTP/1.1\r\nhost: localhost\r\n'],
  ['that has sent half a body', `${half}content-length: 100\r\n\r\n{`],
] as const

test.for(kinds)('a connection %s does not hold up the drain', async ([, bytes]) => {
  await using parley = await startProcess({ PARLEY_DRAIN_MS: '2000' })
  const socket = await connectTo(await urlOf(parley), bytes)
  parley.kill('SIGTERM')
  expect(await parley.exit).toEqual({ code: 0, signal: null })
  expect(parley.log.map(({ msg }) => msg)).not.toContain('the drain took too long')
  socket.destroy()
})

test('close() settles where a stream that waited behind another on its connection was cut off', async () => {
  await using server = await startServer({ drainMs: 500, streams: { stuckReaderMs: 50 } })
  const url = await createConversation(server.url)
  const { pathname, host } = new URL(url)
  const request = `GET ${pathname}/events HTTP/1.1\r\nhost: ${host}\r\naccept: text/event-stream\r\n\r\n`
  const socket = await connectTo(server.url, request.repeat(2))
  socket.resume()
  await post(`${url}/submissions`, say('x'.repeat(200_000)))
  for (;;) {
    const metrics = await (await fetch(`${server.url}/metrics`)).text()
    if (metrics.includes('parley_streams_ended_total{by="stuck"} 1')) break
  }
  await expect(server.app.close()).resolves.toBeUndefined()
  socket.destroy()
})
