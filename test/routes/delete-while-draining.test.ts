import { expect, test } from 'vitest'
import { createFakeAgent } from '../support/fake-agent.ts'
import { createConversation, get, post, say, send } from '../support/http.ts'
import { SseReader } from '../support/sse-reader.ts'
import { startServer } from '../support/test-server.ts'

test('DELETE while the server goes down ends the streams with a word', async () => {
  const agent = createFakeAgent()
  await using server = await startServer({ agent, drainMs: 20_000 })
  const url = await createConversation(server.url)
  await using reader = await SseReader.open(`${url}/events`)
  await reader.event()
  const other = await createConversation(server.url)
  await post(`${other}/submissions`, say('hold the drain'))
  const task = await agent.nextTask()
  const closed = server.app.close()
  while ((await get(`${server.url}/readyz`)).status !== 503);
  expect((await send('DELETE', url)).status).toBe(204)
  const last = (await reader.rest()).at(-1)
  task.complete()
  await closed
  expect(last).toMatchObject({ event: 'control' })
})
