import { connect } from 'node:net'
import { expect, test } from 'vitest'
import { createFakeAgent } from '../support/fake-agent.ts'
import { get } from '../support/http.ts'
import { startServer } from '../support/test-server.ts'

test('a caller that leaves while its conversation is made leaves no stream behind', async () => {
  const spawning = Promise.withResolvers<void>()
  const mayGoOn = Promise.withResolvers<void>()
  const lines: string[] = []
  const left = Promise.withResolvers<void>()
  const agent = createFakeAgent({
    async spawn(_options, plain) {
      spawning.resolve()
      await mayGoOn.promise
      return plain()
    },
  })
  await using server = await startServer({
    agent,
    logLine(line) {
      lines.push(line)
      if (line.includes('caller left')) left.resolve()
    },
  })
  const { port } = new URL(server.url)
  const socket = connect(Number(port), '127.0.0.1')
  socket.write(
    'POST /conversations HTTP/1.1\r\nhost: localhost\r\naccept: text/event-stream\r\ncontent-length: 0\r\n\r\n',
  )
  await spawning.promise
  socket.destroy()
  await left.promise
  mayGoOn.resolve()
  const { data } = await untilListed(server.url)
  expect(data).toHaveLength(1)
  const metrics = await (await fetch(`${server.url}/metrics`)).text()
  expect(metrics).toContain('parley_streams 0\n')
})

/** Reads the list until the conversation is in it. */
async function untilListed(url: string): Promise<{ data: unknown[] }> {
  for (;;) {
    const { body } = await get(`${url}/conversations`)
    if (body.data.length > 0) return body
  }
}
