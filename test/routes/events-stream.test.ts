import { describe, expect, test } from 'vitest'
import { createFakeAgent } from '../support/fake-agent.ts'
import { createConversation, get, post, send } from '../support/http.ts'
import { RawClient } from '../support/raw-client.ts'
import { range, spoken } from '../support/spoken.ts'
import { SseReader } from '../support/sse-reader.ts'
import { startServer } from '../support/test-server.ts'

describe('an event stream: bytes', () => {
  test('headers', async () => {
    await using server = await startServer()
    const url = await createConversation(server.url)
    await using reader = await SseReader.open(`${url}/events`)
    expect(reader.status).toBe(200)
    expect(reader.headers).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store, no-transform',
      'x-accel-buffering': 'no',
      'x-request-id': expect.any(String),
    })
    expect(reader.headers).not.toHaveProperty('content-length')
  })

  test('retry and a comment come with the headers, before any event', async () => {
    await using server = await startServer()
    const url = await createConversation(server.url)
    await using client = RawClient.open(`${url}/events?after=end`, { version: '1.0' })
    const [, body] = (await client.until('\n\n')).split('\r\n\r\n')
    expect(body).toMatch(/^retry: \d+\n: [^\n]+\n\n$/)
  })

  test('frames are data, id, blank line, with \\n only and nothing else', async () => {
    const agent = createFakeAgent()
    await using server = await startServer({ agent })
    const { events, task } = await spoken(server.url, agent, ['a\r\nb', 'ü🦜'])
    task.complete('c')
    await using client = RawClient.open(`${events}?until=idle`, { version: '1.0' })
    await client.closed
    const text = client.body.toString()
    const page = await get(events)
    const frames = page.body.data.map(
      (event: { seq: number }) => `data: ${JSON.stringify(event)}\nid: ${event.seq}\n\n`,
    )
    expect(text.replace(/^retry: \d+\n: [^\n]+\n\n/, '')).toBe(frames.join(''))
    expect(frames).toHaveLength(6)
    expect(text).not.toContain('\r')
  })

  test('an event is {seq, at, submission_id, msg}', async () => {
    const agent = createFakeAgent()
    await using server = await startServer({ agent })
    const { events } = await spoken(server.url, agent, ['a'])
    await using reader = await SseReader.open(`${events}?after=3`)
    expect(await reader.event()).toEqual({
      seq: 4,
      at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      submission_id: '0',
      msg: { type: 'agent_message_delta', delta: 'a' },
    })
  })

  test('retry is jittered up to half as much again', async () => {
    await using server = await startServer({ streams: { retryMs: 10_000 } })
    const url = await createConversation(server.url)
    const retries = new Set<number>()
    for (const _ of range(1, 20)) {
      await using reader = await SseReader.open(`${url}/events`)
      retries.add(Number((await reader.block())?.retry))
    }
    expect(Math.min(...retries)).toBeGreaterThanOrEqual(10_000)
    expect(Math.max(...retries)).toBeLessThanOrEqual(15_000)
    expect(retries.size).toBeGreaterThan(1)
  })

  test.each([
    ['line breaks', 'a\nb\rc\r\nd\n\ne'],
    ['a frame', '\n\ndata: x\nid: 99\nevent: control\n\n'],
    ['separators that JSON leaves alone', '\u2028\u2029\u0085'],
    ['an emoji', '🦜👩‍👩‍👧'],
    ['control characters', '\u0000\u0001\u001b\u007f'],
    ['a byte order mark', '\ufeffa\ufeff'],
    ['half a surrogate pair', 'a\ud83e'],
    ['quotes and spaces', ' "\\" '],
    ['nothing', ''],
  ])('text with %s arrives as it was', async (_what, text) => {
    const agent = createFakeAgent()
    await using server = await startServer({ agent })
    const { events, task } = await spoken(server.url, agent, [text])
    await using reader = await SseReader.open(`${events}?after=3`)
    expect((await reader.event()).msg.delta).toBe(text)
    await task.say('next')
    const next = await reader.block()
    expect([next?.id, next?.event]).toEqual(['5', undefined])
  })

  test.each([
    ['from the log', true],
    ['live', false],
  ])('an event of 1 MB arrives whole, %s', async (_what, before) => {
    const agent = createFakeAgent()
    await using server = await startServer({ agent })
    const { events, task } = await spoken(server.url, agent)
    const big = '🦜'.repeat(2 ** 18)
    if (before) await task.say(big)
    await using reader = await SseReader.open(`${events}?after=3`)
    await reader.block()
    if (!before) await task.say(big)
    await task.say('next')
    const event = await reader.event()
    expect([event.seq, event.msg.delta === big]).toEqual([4, true])
    expect((await reader.event()).msg.delta).toBe('next')
  })
})

describe('an event stream: replay, then live', () => {
  test('has no seam, wherever it begins and whenever', async () => {
    const agent = createFakeAgent()
    await using server = await startServer({ agent })
    const { events, task } = await spoken(server.url, agent)
    const reads: Promise<number[]>[] = []
    for (const n of range(1, 40)) {
      for (const _ of range(1, n % 7)) await task.say(`${n}`)
      reads.push(readSeqs(`${events}?after=${n % 3}&until=idle`))
      await get(`${events}?after=end`)
    }
    task.complete()
    const { body } = await get(`${events}?after=end`)
    for (const [index, seqs] of (await Promise.all(reads)).entries()) {
      expect(seqs).toEqual(range(((index + 1) % 3) + 1, body.last_seq))
    }
  })
})

describe('an event stream: ?until=idle', () => {
  test('ends once everything that waits has run, without a control frame', async () => {
    const agent = createFakeAgent()
    await using server = await startServer({ agent })
    const { url, events, task } = await spoken(server.url, agent)
    await post(`${url}/submissions`, { type: 'user_input', text: 'b', delivery: 'queue' })
    await using reader = await SseReader.open(`${events}?until=idle`)
    task.complete()
    const second = await agent.nextTask()
    await second.say('b')
    second.complete()
    const blocks = await reader.rest()
    expect(blocks.map(({ event }) => event)).not.toContain('control')
    expect(blocks.at(-1)?.data).toContain('task_complete')
    expect(blocks.at(-1)?.id).toBe('8')
  })

  test('on an idle conversation ends at once', async () => {
    await using server = await startServer()
    const url = await createConversation(server.url)
    for (const [query, ids] of [
      ['', ['1']],
      ['&after=1', []],
      ['&after=end', []],
    ] as const) {
      await using reader = await SseReader.open(`${url}/events?until=idle${query}`)
      expect(reader.status).toBe(200)
      const blocks = await reader.rest()
      const events = blocks.filter(({ data }) => data !== undefined)
      expect(events.map(({ id }) => id)).toEqual(ids)
    }
  })

  test('a reconnect with Last-Event-ID is 204 while idle, and a stream once a task runs', async () => {
    const agent = createFakeAgent()
    await using server = await startServer({ agent })
    const { url, events, task } = await spoken(server.url, agent)
    task.complete()
    const headers = { 'last-event-id': '4' }
    await using none = await SseReader.open(`${events}?until=idle`, { headers })
    expect([none.status, await none.rest()]).toEqual([204, []])
    await post(`${url}/submissions`, { type: 'user_input', text: 'b' })
    await using reader = await SseReader.open(`${events}?until=idle`, { headers })
    expect([reader.status, (await reader.event()).seq]).toEqual([200, 5])
  })

  test.each(['types=agent_message_delta', 'types=error', 'after=end'])(
    'where the last event is not sent, the reconnect of a client is 204, too: ?%s',
    async (query) => {
      const agent = createFakeAgent()
      await using server = await startServer({ agent })
      const { events, task } = await spoken(server.url, agent, ['a'])
      task.complete()
      const url = `${events}?${query}&until=idle`
      const id = await lastIdOf(url)
      await using again = await SseReader.open(url, { headers: { 'last-event-id': id } })
      expect(again.status).toBe(204)
    },
  )
})

describe('an event stream: heartbeat', () => {
  test('is a comment with the last seq', async () => {
    const agent = createFakeAgent()
    await using server = await startServer({ agent, streams: { heartbeatMs: 20 } })
    const { events, task } = await spoken(server.url, agent)
    await using reader = await SseReader.open(`${events}?types=agent_message`)
    await reader.block()
    for (const _ of range(1, 3)) {
      expect(await reader.block()).toMatchObject({ comments: ['hb 3'], data: undefined })
    }
    await task.say('hidden by the filter')
    for (;;) {
      const block = await reader.block()
      expect(block?.data).toBeUndefined()
      if (block?.comments[0] === 'hb 4') break
    }
  })
})

describe('an event stream: HEAD', () => {
  test('answers the headers of the GET and no body', async () => {
    await using server = await startServer()
    const url = await createConversation(server.url)
    const opened = RawClient.open(`${url}/events`)
    const answered = RawClient.open(`${url}/events`, {
      method: 'HEAD',
      headers: { connection: 'close' },
    })
    await using stream = opened
    await using head = answered
    const names = ['content-type', 'cache-control', 'x-accel-buffering', 'content-length']
    const { status, headers } = await stream.head()
    await head.closed
    const answer = await head.head()
    expect(answer.status).toBe(status)
    for (const name of names) expect(answer.headers.get(name)).toBe(headers.get(name))
    expect(head.body).toHaveLength(0)
  })

  test('of a page, of a cursor ahead, of an ended conversation, of nobody', async () => {
    await using server = await startServer()
    const url = await createConversation(server.url)
    const head = async (path: string, accept: string) =>
      (await fetch(`${url}${path}`, { method: 'HEAD', headers: { accept } })).status
    expect(await head('/events', 'application/json')).toBe(200)
    expect(await head('/events?after=2', '*/*')).toBe(409)
    expect(await head('x/events', '*/*')).toBe(404)
    expect(await head('/events', 'text/html')).toBe(406)
    await using reader = await SseReader.open(`${url}/events`)
    await post(`${url}/submissions`, { type: 'shutdown' })
    await reader.rest()
    expect(await head('/events?after=2', '*/*')).toBe(204)
  })
})

describe('POST /conversations with Accept: text/event-stream', () => {
  test('the body is the stream from event 1, with its headers and its frames', async () => {
    const agent = createFakeAgent()
    await using server = await startServer({ agent })
    const body = JSON.stringify({ input: [{ type: 'text', text: 'hi' }] })
    await using reader = await SseReader.open(`${server.url}/conversations`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    })
    expect(reader.status).toBe(201)
    expect(reader.headers).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store, no-transform',
      'x-accel-buffering': 'no',
    })
    expect((await reader.block())?.retry).toMatch(/^\d+$/)
    const first = await reader.event()
    expect(first).toMatchObject({ seq: 1, msg: { type: 'session_configured' } })
    const task = await agent.nextTask()
    await task.say('a')
    task.complete()
    const events = await reader.until('task_complete')
    expect(events.map(({ seq }) => seq)).toEqual(range(2, 5))
    const url = `${server.url}${reader.headers['location']}`
    expect((await get(`${url}/events`)).body.data).toEqual([first, ...events])
    await send('DELETE', url)
    expect((await reader.rest()).at(-1)?.event).toBe('control')
  })
})

async function readSeqs(url: string): Promise<number[]> {
  await using reader = await SseReader.open(url)
  const blocks = await reader.rest()
  return blocks.flatMap(({ data }) => (data === undefined ? [] : JSON.parse(data).seq))
}

/** The id that an EventSource would reconnect with, after a stream that ended. */
async function lastIdOf(url: string): Promise<string> {
  await using reader = await SseReader.open(url)
  const blocks = await reader.rest()
  return blocks.flatMap(({ id }) => id ?? []).at(-1) ?? ''
}
