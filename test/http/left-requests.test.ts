import { connect } from 'node:net'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { createFakeAgent } from '../support/fake-agent.ts'
import { createConversation } from '../support/http.ts'
import { startServer } from '../support/test-server.ts'

test('a caller that leaves inside its body is no failure of the server', async () => {
  const lines: { level: number; msg: string }[] = []
  await using server = await startServer({ logLine: (line) => lines.push(JSON.parse(line)) })
  const socket = connect(Number(new URL(server.url).port), '127.0.0.1').resume()
  socket.write(
    'POST /conversations HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{',
  )
  await once(server.app.server, 'request')
  socket.end()
  await once(socket, 'close')
  expect(lines.filter(({ level }) => level >= 50)).toEqual([])
})

test('bytes behind a request that is still answered do not take its answer', async () => {
  const agent = createFakeAgent()
  await using server = await startServer({ agent })
  const url = await createConversation(server.url)
  const { pathname, port } = new URL(url)
  const socket = connect(Number(port), '127.0.0.1')
  const body = '{"type":"user_input","text":"do it"}'
  socket.write(
    `POST ${pathname}/submissions HTTP/1.1\r\nhost: localhost\r\nprefer: wait=60\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
  )
  await agent.nextTask()
  socket.write('garbage\r\n\r\n')
  let answer = ''
  socket.on('data', (chunk) => (answer += String(chunk)))
  await once(socket, 'close')
  // The op took effect: a caller who is told 400 would send it again.
  expect(answer).not.toContain('400')
})
