import { describe, expect, test } from 'vitest'
import { createFakeAgent } from '../support/fake-agent.ts'
import { createConversation, get, post, send } from '../support/http.ts'
import { LogLines } from '../support/log-lines.ts'
import { RawClient } from '../support/raw-client.ts'
import { range, spoken } from '../support/spoken.ts'
import { SseReader, type SseBlock } from '../support/sse-reader.ts'
import { startServer } from '../support/test-server.ts'

// oxlint-disable-next-line typescript/no-explicit-any -- whatever it says is what is tested
const lastControl = (blocks: readonly SseBlock[]): any => {
  const last = blocks.at(-1)
  expect([last?.event, last?.id]).toEqual(['control', undefined])
  return JSON.parse(last?.data ?? '')
}

describe('an event stream ends: closed', () => {
  test('after shutdown_complete, with the last seq', async () => {
    const agent = createFakeAgent()
    await using server = await startServer({ agent })
    const { url, events } = await spoken(server.url, agent, ['a'])
    await using reader = await SseReader.open(events)
    await post(`${url}/submissions`, { type: 'shutdown' })
    const seen = await reader.until('shutdown_complete')
    expect(seen.map(({ seq }) => seq)).toEqual(range(1, 6))
    expect(seen.map(({ msg }) => msg.type).slice(-2)).toEqual(['turn_aborted', 'shutdown_complete'])
    expect(lastControl(await reader.rest())).toEqual({ type: 'closed', last_seq: 6 })
  })

  test('a reader that comes later gets the log, closed and, with the last seq, 204', async () => {
    await using server = await startServer()
    const url = await createConversation(server.url)
    await using first = await SseReader.open(`${url}/events`)
    await post(`${url}/submissions`, { type: 'shutdown' })
    await first.rest()
    await using second = await SseReader.open(`${url}/events`)
    const blocks = await second.rest()
    expect(blocks.flatMap(({ id }) => id ?? [])).toEqual(['1', '2'])
    expect(lastControl(blocks)).toEqual({ type: 'closed', last_seq: 2 })
    for (const [query, headers] of [
      ['', { 'last-event-id': '2' }],
      ['?after=2', {}],
      ['?after=end', {}],
    ] as const) {
      await using third = await SseReader.open(`${url}/events${query}`, { headers })
      expect([third.status, await third.rest()]).toEqual([204, []])
    }
    expect((await get(`${url}/events`)).body.data).toHaveLength(2)
  })

  test.each(['agent_message_delta', 'error'])(
    'with a filter that hides the last event, the reconnect of a client is 204, too: %s',
    async (type) => {
      const agent = createFakeAgent()
      await using server = await startServer({ agent })
      const { url, events } = await spoken(server.url, agent, ['a'])
      await using reader = await SseReader.open(`${events}?types=${type}`)
      await post(`${url}/submissions`, { type: 'shutdown' })
      const blocks = await reader.rest()
      const id = blocks.flatMap((block) => block.id ?? []).at(-1) ?? ''
      await using again = await SseReader.open(`${events}?types=${type}`, {
        headers: { 'last-event-id': id },
      })
      expect(again.status).toBe(204)
    },
  )

  test('DELETE ends every stream of the conversation and no other', async () => {
    const agent = createFakeAgent()
    await using server = await startServer({ agent })
    const { url, events } = await spoken(server.url, agent, ['a'])
    const other = await spoken(server.url, agent)
    await using live = await SseReader.open(events)
    await using filtered = await SseReader.open(`${events}?types=error`)
    await using bystander = await SseReader.open(`${other.events}?after=end`)
    await live.until('agent_message_delta')
    expect((await send('DELETE', url)).status).toBe(204)
    for (const reader of [live, filtered]) {
      expect(lastControl(await reader.rest())).toMatchObject({ type: 'closed' })
    }
    await other.task.say('still here')
    expect((await bystander.event()).msg.delta).toBe('still here')
  })
})

describe('an event stream ends: draining', () => {
  test('with the last seq and when to come back; close() settles', async () => {
    const agent = createFakeAgent()
    await using server = await startServer({ agent, streams: { retryMs: 400 } })
    const { events } = await spoken(server.url, agent, ['a'])
    await using reader = await SseReader.open(events)
    await using idle = await SseReader.open(`${await createConversation(server.url)}/events`)
    await reader.until('agent_message_delta')
    await server.app.close()
    const blocks = await reader.rest()
    expect(blocks.at(-2)?.data).toContain('turn_aborted')
    for (const [ended, last_seq] of [
      [blocks, 5],
      [await idle.rest(), 1],
    ] as const) {
      const control = lastControl(ended)
      expect(control).toEqual({ type: 'draining', last_seq, retry_ms: expect.any(Number) })
      expect(control.retry_ms).toBeGreaterThanOrEqual(400)
      expect(control.retry_ms).toBeLessThanOrEqual(600)
    }
  })

  test('close() settles while a reader does not read', async () => {
    const agent = createFakeAgent()
    await using server = await startServer({ agent, maxLogBytes: 2 ** 26 })
    const { events, task } = await spoken(server.url, agent)
    await using stuck = RawClient.open(events)
    await stuck.until('id: 3\n')
    stuck.pause()
    for (const _ of range(1, 32)) await task.say('x'.repeat(2 ** 20))
    await server.app.close()
    stuck.resume()
    await stuck.closed
    expect(stuck.bytes.includes('event: control')).toBe(false)
  })

  test('a stream that opens while another is being drained ends as well', async () => {
    const agent = createFakeAgent()
    await using server = await startServer({ agent, maxLogBytes: 2 ** 26, drainMs: 10_000 })
    const { events, task } = await spoken(server.url, agent)
    await using stuck = RawClient.open(events)
    await stuck.until('id: 3\n')
    stuck.pause()
    for (const _ of range(1, 32)) await task.say('x'.repeat(2 ** 20))
    await using early = await SseReader.open(`${events}?after=end`)
    const closing = server.app.close()
    expect(lastControl(await early.rest())).toMatchObject({ type: 'draining' })
    await using late = await SseReader.open(`${events}?after=end`)
    expect(lastControl(await late.rest())).toMatchObject({ type: 'draining' })
    stuck.resume()
    await closing
    // Where it fails, the reader would keep close() from settling for ever.
  }, 10_000)
})

describe('an event stream: too many', () => {
  test.each([
    ['in all', { maxStreams: 2 }, false],
    ['per conversation', { maxStreamsPerConversation: 2 }, true],
  ])('%s is 429 with Retry-After, until one has left', async (_what, streams, elsewhere) => {
    const log = new LogLines()
    await using server = await startServer({ streams, logLine: log.write })
    const [first, second] = [
      await createConversation(server.url),
      await createConversation(server.url),
    ]
    await using stays = await SseReader.open(`${first}/events`)
    const leaves = await SseReader.open(`${first}/events`)
    const refused = await get(`${first}/events`, { accept: 'text/event-stream' })
    expect([refused.status, refused.body.code]).toEqual([429, 'too_many_streams'])
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
    await using other = await SseReader.open(`${second}/events`)
    expect(other.status).toBe(elsewhere ? 200 : 429)
    expect((await get(`${first}/events`)).status).toBe(200)
    await leaves[Symbol.asyncDispose]()
    await log.wait('stream ended')
    await using again = await SseReader.open(`${first}/events`)
    expect([again.status, (await again.event()).seq]).toEqual([200, 1])
    expect((await stays.event()).seq).toBe(1)
  })

  test('a create that asks for a stream and finds no room creates nothing', async () => {
    await using server = await startServer({ streams: { maxStreams: 1 } })
    const url = await createConversation(server.url)
    await using reader = await SseReader.open(`${url}/events`)
    await reader.event()
    const headers = { accept: 'text/event-stream' }
    const refused = await post(`${server.url}/conversations`, {}, headers)
    expect([refused.status, refused.body.code]).toEqual([429, 'too_many_streams'])
    expect((await get(`${server.url}/conversations`)).body.data).toHaveLength(1)
  })
})
