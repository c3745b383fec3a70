import { expect, test } from 'vitest'
import { createFakeAgent } from '../support/fake-agent.ts'
import { get } from '../support/http.ts'
import { LogLines } from '../support/log-lines.ts'
import { metricOf } from '../support/metric.ts'
import { RawClient } from '../support/raw-client.ts'
import { range, spoken } from '../support/spoken.ts'
import { startServer } from '../support/test-server.ts'

test.each([
  ['ends its side', async (client: RawClient) => client.end()],
  ['resets the connection', async (client: RawClient) => client.reset()],
  ['closes', async (client: RawClient) => client[Symbol.asyncDispose]()],
])('a client that %s is counted out and logged', async (_what, leave) => {
  const log = new LogLines()
  const agent = createFakeAgent()
  await using server = await startServer({ agent, logLine: log.write })
  const { events, task } = await spoken(server.url, agent, ['a'])
  await using client = RawClient.open(events, { version: '1.0' })
  await client.until('id: 4\n\n')
  const bytes = client.body.length
  expect(await metricOf(server.url, 'parley_streams')).toBe(1)
  await leave(client)
  const [line] = await log.wait('stream ended')
  expect(line).toMatchObject({
    ended_by: 'client_left',
    method: 'GET',
    url: new URL(events).pathname,
    request_id: expect.any(String),
    events: 4,
  })
  await task.say('nobody hears this')
  expect(await metricOf(server.url, 'parley_streams')).toBe(0)
  expect(await metricOf(server.url, 'parley_streams_ended_total{by="client_left"}')).toBe(1)
  expect(await metricOf(server.url, 'parley_stream_events_total')).toBe(4)
  const counted = await metricOf(server.url, 'parley_stream_bytes_total')
  expect(counted).toBeGreaterThan(bytes - 100)
  expect(counted).toBeLessThanOrEqual(bytes)
  expect(log.named('request').some(({ url }) => url === line?.['url'])).toBe(false)
})

test('many clients that leave at once leave no stream behind', async () => {
  const log = new LogLines()
  const agent = createFakeAgent()
  await using server = await startServer({ agent, logLine: log.write })
  const { events, task } = await spoken(server.url, agent)
  const clients = range(1, 100).map(() => RawClient.open(events))
  await Promise.all(clients.map((client) => client.until('id: 3\n\n')))
  await task.say('while they leave')
  for (const [index, client] of clients.entries()) {
    if (index % 2 === 0) client.reset()
    else client.end()
  }
  await log.wait('stream ended', 100)
  expect(await metricOf(server.url, 'parley_streams')).toBe(0)
})

test('a client that leaves with its request still on the way leaves no stream behind', async () => {
  const log = new LogLines()
  const agent = createFakeAgent()
  await using server = await startServer({ agent, logLine: log.write })
  const { events } = await spoken(server.url, agent)
  for (const _ of range(1, 50)) RawClient.open(events).end()
  await log.wait('stream ended', 50)
  expect(await metricOf(server.url, 'parley_streams')).toBe(0)
})

test('a client that leaves while its session starts leaves no stream behind', async () => {
  const log = new LogLines()
  const started = Promise.withResolvers<void>()
  const spawning = Promise.withResolvers<void>()
  const agent = createFakeAgent({
    async spawn(_options, plain) {
      spawning.resolve()
      await started.promise
      return plain()
    },
  })
  await using server = await startServer({ agent, logLine: log.write })
  const headers = { accept: 'text/event-stream' }
  const client = RawClient.open(`${server.url}/conversations`, { method: 'POST', headers })
  await spawning.promise
  client.reset()
  await log.wait('caller left before the answer')
  started.resolve()
  for (;;) {
    const { body } = await get(`${server.url}/conversations`)
    if (body.data.length === 1) break
  }
  expect(await metricOf(server.url, 'parley_streams')).toBe(0)
})
