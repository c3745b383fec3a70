import { describe, expect, test } from 'vitest'
import { createFakeAgent } from '../support/fake-agent.ts'
import { createConversation, get } from '../support/http.ts'
import { RawClient } from '../support/raw-client.ts'
import { range, spoken } from '../support/spoken.ts'
import { SseReader } from '../support/sse-reader.ts'
import { startServer } from '../support/test-server.ts'

const seqsOf = (events: readonly { seq: number }[]): number[] => events.map(({ seq }) => seq)

describe('GET events: Accept', () => {
  test.each([
    ['none', {}, 'text/event-stream; charset=utf-8'],
    ['*/*', { accept: '*/*' }, 'text/event-stream; charset=utf-8'],
    ['text/event-stream', { accept: 'text/event-stream' }, 'text/event-stream; charset=utf-8'],
    ['text/*', { accept: 'text/*' }, 'text/event-stream; charset=utf-8'],
    ['both', { accept: 'text/event-stream, application/json' }, 'text/event-stream; charset=utf-8'],
    ['JSON', { accept: 'application/json' }, 'application/json; charset=utf-8'],
    ['application/*', { accept: 'application/*' }, 'application/json; charset=utf-8'],
    [
      'JSON preferred',
      { accept: 'text/event-stream;q=0.5, application/json' },
      'application/json; charset=utf-8',
    ],
    [
      'a stream preferred',
      { accept: 'application/json;q=0.5, */*;q=0.8' },
      'text/event-stream; charset=utf-8',
    ],
  ])('%s', async (_what, headers, type) => {
    await using server = await startServer()
    const url = await createConversation(server.url)
    await using client = RawClient.open(`${url}/events`, { headers })
    const head = await client.head()
    expect([head.status, head.headers.get('content-type')]).toEqual([200, type])
  })

  test.each(['text/html', 'text/event-stream;q=0', 'application/xml, image/*'])(
    '%s is 406',
    async (accept) => {
      await using server = await startServer()
      const url = await createConversation(server.url)
      const answer = await get(`${url}/events`, { accept })
      expect([answer.status, answer.body.code]).toEqual([406, 'not_acceptable'])
    },
  )
})

describe('GET events: cursor', () => {
  test.each([
    ['no cursor', '', {}, 1],
    ['?after=0', '?after=0', {}, 1],
    ['?after', '?after=2', {}, 3],
    ['Last-Event-ID', '', { 'last-event-id': '3' }, 4],
    ['Last-Event-ID 0', '?after=3', { 'last-event-id': '0' }, 1],
    ['Last-Event-ID over ?after', '?after=1', { 'last-event-id': '4' }, 5],
    ['Last-Event-ID over ?after=end', '?after=end', { 'last-event-id': '1' }, 2],
    ['an empty Last-Event-ID', '', { 'last-event-id': '' }, 1],
    ['an empty Last-Event-ID with ?after', '?after=3', { 'last-event-id': '' }, 4],
  ])('%s: stream and page begin there', async (_what, query, headers, first) => {
    const agent = createFakeAgent()
    await using server = await startServer({ agent })
    const { events } = await spoken(server.url, agent, ['a', 'b'])
    await using reader = await SseReader.open(`${events}${query}`, { headers })
    for (const seq of range(first, 5)) expect((await reader.event()).seq).toBe(seq)
    const page = await get(`${events}${query}`, headers)
    expect(seqsOf(page.body.data)).toEqual(range(first, 5))
  })

  test('?after=end: live events only; a page of it is empty', async () => {
    const agent = createFakeAgent()
    await using server = await startServer({ agent })
    const { events, task } = await spoken(server.url, agent, ['a'])
    await using reader = await SseReader.open(`${events}?after=end`)
    const page = await get(`${events}?after=end`)
    expect(page.body).toEqual({ data: [], after: 4, last_seq: 4, has_more: false })
    await task.say('b')
    expect(await reader.event()).toMatchObject({ seq: 5, msg: { delta: 'b' } })
  })

  test.each([
    ['?after=2', {}],
    ['?after=9007199254740993', {}],
    [`?after=${'9'.repeat(400)}`, {}],
    ['', { 'last-event-id': '2' }],
    ['?after=0', { 'last-event-id': '9'.repeat(400) }],
  ])('ahead of the log is 409 with last_seq: %s %o', async (query, headers) => {
    await using server = await startServer()
    const url = await createConversation(server.url)
    for (const accept of ['text/event-stream', 'application/json']) {
      const answer = await get(`${url}/events${query}`, { ...headers, accept })
      expect(answer.status).toBe(409)
      expect(answer.headers.get('content-type')).toContain('application/problem+json')
      expect(answer.body).toMatchObject({ code: 'cursor_ahead', last_seq: 1 })
    }
  })

  test('below what is kept is 410 with first_seq, from where reading goes on', async () => {
    const agent = createFakeAgent()
    await using server = await startServer({ agent, maxLogBytes: 2_000 })
    const { events, task } = await spoken(server.url, agent)
    for (const n of range(4, 60)) await task.say(`delta ${n}`)
    const { body } = await get(events)
    expect(body).toMatchObject({ code: 'events_expired', first_seq: expect.any(Number) })
    const first: number = body.first_seq
    for (const accept of ['text/event-stream', 'application/json']) {
      for (const query of ['', '?after=0', `?after=${first - 2}`]) {
        const answer = await get(`${events}${query}`, { accept })
        expect([answer.status, answer.body.first_seq]).toEqual([410, first])
      }
    }
    const page = await get(`${events}?after=${first - 1}`)
    expect(seqsOf(page.body.data)).toEqual(range(first, 60))
    await using reader = await SseReader.open(events, {
      headers: { 'last-event-id': String(first - 1) },
    })
    for (const seq of range(first, 60)) expect((await reader.event()).seq).toBe(seq)
  })

  test.each(['x', '-1', '1.5', '1e3', '0x1', '%201', '', '1,2', '%D9%A1', 'END'])(
    'not a number is 400: ?after=%s',
    async (after) => {
      await using server = await startServer()
      const url = await createConversation(server.url)
      for (const accept of ['text/event-stream', 'application/json']) {
        const answer = await get(`${url}/events?after=${after}`, { accept })
        expect([answer.status, answer.body.code]).toEqual([400, 'invalid_request'])
      }
    },
  )

  test.each(['x', '-1', '1.5', '1, 1', 'end', 'é'])(
    'not a number is 400, whatever ?after says: Last-Event-ID %s',
    async (id) => {
      await using server = await startServer()
      const url = await createConversation(server.url)
      const headers = { 'last-event-id': id }
      const answer = await get(`${url}/events?after=0`, { ...headers, accept: '*/*' })
      expect([answer.status, answer.body.code]).toEqual([400, 'invalid_request'])
    },
  )
})

describe('GET events: types and exclude', () => {
  test.each([
    ['types=agent_message_delta', [4, 5, 7]],
    ['types=agent_message_delta,agent_message', [4, 5, 6, 7]],
    ['exclude=agent_message_delta', [1, 2, 3, 6, 8]],
    ['exclude=session_configured,task_complete,agent_message', [2, 3, 4, 5, 7]],
    ['types=agent_message_delta,agent_message&exclude=agent_message', [4, 5, 7]],
    ['types=error', []],
    ['types=agent_message&exclude=agent_message', []],
    ['types=agent_message_delta&after=4', [5, 7]],
  ])('?%s gives those events only, to a stream and a page', async (query, seqs) => {
    const agent = createFakeAgent()
    await using server = await startServer({ agent })
    const { events, task } = await spoken(server.url, agent, ['a', 'b'])
    await using reader = await SseReader.open(`${events}?${query}&until=idle`)
    await task.emit({ type: 'agent_message', message: 'ab' })
    await task.say('c')
    task.complete()
    const blocks = (await reader.rest()).filter(({ data }) => data !== undefined)
    expect(blocks.map(({ id }) => Number(id))).toEqual(seqs)
    const page = await get(`${events}?${query}`)
    expect(seqsOf(page.body.data)).toEqual(seqs)
    expect(page.body).toMatchObject({ after: 8, last_seq: 8, has_more: false })
  })

  test.each(['types=nothing', 'types=', 'types=error,', 'exclude=Error', 'exclude=error,x'])(
    'an unknown type is 400: ?%s',
    async (query) => {
      await using server = await startServer()
      const url = await createConversation(server.url)
      const answer = await get(`${url}/events?${query}`)
      expect([answer.status, answer.body.code]).toEqual([400, 'invalid_request'])
    },
  )
})

describe('GET events: a page', () => {
  test('limit, after, has_more and last_seq lead through the log', async () => {
    const agent = createFakeAgent()
    await using server = await startServer({ agent })
    const { events } = await spoken(server.url, agent, ['a', 'b', 'c', 'd'])
    const first = await get(`${events}?limit=3`)
    expect(seqsOf(first.body.data)).toEqual([1, 2, 3])
    expect(first.body).toMatchObject({ after: 3, last_seq: 7, has_more: true })
    const second = await get(`${events}?limit=4&after=${first.body.after}`)
    expect(seqsOf(second.body.data)).toEqual([4, 5, 6, 7])
    expect(second.body).toMatchObject({ after: 7, last_seq: 7, has_more: false })
    const third = await get(`${events}?after=${second.body.after}`)
    expect(third.body).toEqual({ data: [], after: 7, last_seq: 7, has_more: false })
  })

  test('has the events of the stream, byte for byte', async () => {
    const agent = createFakeAgent()
    await using server = await startServer({ agent })
    const { events } = await spoken(server.url, agent, ['ü\n\u2028"', '🦜'])
    await using reader = await SseReader.open(events)
    const lines: string[] = []
    while (lines.length < 5) {
      const block = await reader.block()
      if (block?.data !== undefined) lines.push(block.data)
    }
    const page = await fetch(events, { headers: { accept: 'application/json' } })
    const rest = '"after":5,"last_seq":5,"has_more":false'
    expect(await page.text()).toBe(`{"data":[${lines.join(',')}],${rest}}\n`)
  })

  test('of a rare type looks past events that do not match', async () => {
    const agent = createFakeAgent()
    await using server = await startServer({ agent })
    const { events, task } = await spoken(server.url, agent)
    for (const n of range(4, 2_500)) await task.say(String(n))
    await task.emit({ type: 'agent_message', message: 'rare' })
    await task.say('after it')
    const page = await get(`${events}?types=agent_message&limit=1`)
    expect(seqsOf(page.body.data)).toEqual([2_501])
    expect(page.body).toMatchObject({ after: 2_501, last_seq: 2_502, has_more: true })
  })

  test('has 100 events unless limit says otherwise, and 1000 at most', async () => {
    const agent = createFakeAgent()
    await using server = await startServer({ agent })
    const { events, task } = await spoken(server.url, agent)
    for (const n of range(4, 1_200)) await task.say(String(n))
    expect((await get(events)).body.data).toHaveLength(100)
    expect((await get(`${events}?limit=1000`)).body.data).toHaveLength(1_000)
    for (const limit of ['0', '1001', 'x', '-1', '1.5', '']) {
      expect((await get(`${events}?limit=${limit}`)).status).toBe(400)
    }
  })
})

describe('GET events: parameters', () => {
  test.each([
    ['application/json', 'until=idle'],
    ['application/json', 'colour=red'],
    ['application/json', 'After=1'],
    ['application/json', 'after=0&after=1'],
    ['text/event-stream', 'limit=1'],
    ['text/event-stream', 'until=closed'],
    ['text/event-stream', 'until=idle&lastEventId=1'],
    ['text/event-stream', 'types=error&types=error'],
  ])('%s with ?%s is 400', async (accept, query) => {
    await using server = await startServer()
    const url = await createConversation(server.url)
    const answer = await get(`${url}/events?${query}`, { accept })
    expect([answer.status, answer.body.code]).toEqual([400, 'invalid_request'])
  })

  test('an unknown conversation is 404, for a stream and for a page', async () => {
    await using server = await startServer()
    for (const accept of ['text/event-stream', 'application/json']) {
      const answer = await get(`${server.url}/conversations/nobody/events`, { accept })
      expect([answer.status, answer.body.code]).toEqual([404, 'conversation_not_found'])
    }
  })
})
