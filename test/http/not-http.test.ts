import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Problem } from '../../schemas/problem.ts'
import { isProblem } from '../support/documented-answer.ts'
import { createConversation, get } from '../support/http.ts'
import { exchangeBytes, type RawAnswer } from '../support/raw-http.ts'
import { startServer } from '../support/test-server.ts'

describe('what is not HTTP does no harm', () => {
  const head = 'POST /conversations HTTP/1.1\r\nHost: localhost\r\n'
  const json = 'Content-Type: application/json\r\n'

  test.each<readonly [what: string, bytes: string]>([
    ['garbage', '\0\x01\x02garbage\r\n\r\n'],
    ['a TLS hello', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n'],
    ['another version', 'GET / HTTP/9.9\r\n\r\n'],
    ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['an unknown method', 'FROB / HTTP/1.1\r\nHost: localhost\r\n\r\n'],
    ['a giant header', `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(100_000)}\r\n\r\n`],
    ['a giant path', `GET /${'x'.repeat(100_000)} HTTP/1.1\r\nHost: localhost\r\n\r\n`],
    ['5000 headers', `GET / HTTP/1.1\r\nHost: localhost\r\n${'a: b\r\n'.repeat(5_000)}\r\n`],
    ['a header without a colon', 'GET / HTTP/1.1\r\nHost localhost\r\n\r\n'],
    ['a folded header', 'GET / HTTP/1.1\r\nHost: localhost\r\nA: b\r\n c\r\n\r\n'],
    ['two hosts', 'GET /healthz HTTP/1.1\r\nHost: localhost\r\nHost: evil\r\n\r\n'],
    ['bad chunks', `${head}${json}Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n`],
    ['a chunk too long', `${head}${json}Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n`],
    ['an unknown coding', `${head}${json}Transfer-Encoding: gzip\r\n\r\n{}`],
    [
      'length and chunks',
      `${head}${json}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    ],
    ['two lengths', `${head}${json}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}`],
    ['a negative length', `${head}${json}Content-Length: -1\r\n\r\n{}`],
    ['a length that is no number', `${head}${json}Content-Length: two\r\n\r\n{}`],
    ['a body cut off', `${head}${json}Content-Length: 10\r\n\r\n{`],
    ['chunks cut off', `${head}${json}Transfer-Encoding: chunked\r\n\r\n5\r\n{`],
    ['a head cut off', 'GET /healthz HTT'],
    ['nothing', ''],
    [
      'an upgrade',
      'GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
    ],
    ['CONNECT', 'CONNECT localhost:1 HTTP/1.1\r\nHost: localhost\r\n\r\n'],
  ])('%s', async (_what, bytes) => {
    await using server = await startServer()
    const answer = await exchangeBytes(server.url, Buffer.from(bytes, 'latin1'), { end: true })
    if (answer !== undefined) checkRefusal(answer)
    expect((await get(`${server.url}/conversations`)).body.data).toEqual([])
  })

  test('garbage behind a request does not get an answer into its event stream', async () => {
    await using server = await startServer()
    const { pathname, hostname, port } = new URL(await createConversation(server.url))
    const socket = connect(Number(port), hostname)
    let received = ''
    const { promise: begun, resolve } = Promise.withResolvers<void>()
    socket.on('error', () => {})
    socket.on('data', (chunk) => {
      received += chunk.toString()
      if (received.includes('id: 1')) resolve()
    })
    socket.write(`GET ${pathname}/events HTTP/1.1\r\nHost: localhost\r\n\r\n`)
    await begun
    const closed = once(socket, 'close')
    socket.write('\0garbage\r\n\r\n')
    await closed
    expect(received.match(/HTTP\/1\.1 \d/g)).toHaveLength(1)
    expect((await get(`${server.url}/healthz`)).status).toBe(200)
  })

  test('random bytes', async () => {
    await using server = await startServer()
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => {
        const answer = await exchangeBytes(server.url, Buffer.from(bytes), { end: true })
        assert.equal(answer?.status ?? 400, 400)
      }),
      { numRuns: 200, interruptAfterTimeLimit: 3_000, markInterruptAsFailure: false },
    )
    expect((await get(`${server.url}/healthz`)).status).toBe(200)
  })
})

function checkRefusal(answer: RawAnswer): void {
  assert.ok(answer.status < 500, `${answer.status}: ${answer.body}`)
  if (!isProblem(answer)) return
  const problem = Problem.parse(JSON.parse(answer.body))
  assert.equal(problem.status, answer.status)
  assert.equal(problem.request_id, answer.headers.get('x-request-id'))
}
