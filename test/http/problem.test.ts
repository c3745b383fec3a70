import { describe, expect, test } from 'vitest'
import { ErrorCode } from '../../schemas/problem.ts'
import { configuredMsg, createFakeAgent } from '../support/fake-agent.ts'
import { createConversation, get, post, say, send, type JsonAnswer } from '../support/http.ts'
import { problemIn } from '../support/problem.ts'
import { SseReader } from '../support/sse-reader.ts'
import { startServer, type TestServerOptions } from '../support/test-server.ts'

interface Provocation {
  readonly server?: TestServerOptions
  /** Answers what the error is about. */
  readonly provoke: (serverUrl: string) => Promise<JsonAnswer>
  readonly retryAfter?: true
}

const someId = '01999999-9999-7999-8999-999999999999'

const wrongPairs = Object.fromEntries(Array.from({ length: 50_000 }, (_, n) => [`k${n}`, 0]))

const provocations: Readonly<Partial<Record<ErrorCode, Provocation>>> = {
  invalid_request: { provoke: (url) => post(`${url}/conversations`, { colour: 'red' }) },
  unauthorized: {
    server: { access: { apiKeys: [{ name: 'a', key: 'secret' }] } },
    provoke: (url) => get(`${url}/conversations`),
  },
  forbidden: { provoke: (url) => get(`${url}/conversations`, { origin: 'https://evil.example' }) },
  route_not_found: { provoke: (url) => get(`${url}/nothing`) },
  conversation_not_found: { provoke: (url) => get(`${url}/conversations/${someId}`) },
  method_not_allowed: { provoke: (url) => send('PUT', `${url}/conversations`, {}) },
  not_acceptable: {
    provoke: (url) => post(`${url}/conversations`, {}, { accept: 'image/png' }),
  },
  conversation_closed: {
    async provoke(url) {
      const conversation = await createConversation(url)
      await post(`${conversation}/submissions`, { type: 'shutdown' })
      return post(`${conversation}/submissions`, say('too late'))
    },
  },
  task_running: {
    async provoke(url) {
      const conversation = await createConversation(url)
      await post(`${conversation}/submissions`, say('one'))
      return post(`${conversation}/submissions`, say('two', { delivery: 'reject' }))
    },
  },
  idempotency_conflict: {
    async provoke(url) {
      await post(`${url}/conversations`, { title: 'a' }, { 'idempotency-key': 'k' })
      return post(`${url}/conversations`, { title: 'b' }, { 'idempotency-key': 'k' })
    },
  },
  cursor_ahead: {
    async provoke(url) {
      return get(`${await createConversation(url)}/events?after=2`)
    },
  },
  events_expired: {
    server: { maxLogBytes: 1 },
    async provoke(url) {
      const conversation = await createConversation(url)
      await post(`${conversation}/submissions`, { type: 'get_history' })
      return get(`${conversation}/events?after=0`)
    },
  },
  payload_too_large: {
    server: { maxBodyBytes: 100 },
    provoke: (url) => post(`${url}/conversations`, { title: 'x'.repeat(100) }),
  },
  unsupported_media_type: {
    provoke: (url) => post(`${url}/conversations`, {}, { 'content-type': 'text/plain' }),
  },
  queue_full: {
    server: { limits: { maxQueuedSubmissions: 1 } },
    async provoke(url) {
      const conversation = await createConversation(url)
      const queued = say('again', { delivery: 'queue' })
      await post(`${conversation}/submissions`, queued)
      await post(`${conversation}/submissions`, queued)
      return post(`${conversation}/submissions`, queued)
    },
    retryAfter: true,
  },
  too_many_conversations: {
    server: { limits: { maxConversations: 1 } },
    async provoke(url) {
      await createConversation(url)
      return post(`${url}/conversations`)
    },
    retryAfter: true,
  },
  too_many_streams: {
    server: { streams: { maxStreams: 1 } },
    async provoke(url) {
      const conversation = await createConversation(url)
      await using reader = await SseReader.open(`${conversation}/events`)
      await reader.event()
      return get(`${conversation}/events`, { accept: 'text/event-stream' })
    },
    retryAfter: true,
  },
  internal: {
    server: {
      agent: createFakeAgent({
        spawn: (_options, plain) => ({ ...plain(), history: () => fail('a defect') }),
      }),
    },
    async provoke(url) {
      return post(`${await createConversation(url)}/submissions`, { type: 'get_history' })
    },
  },
  agent_spawn_failed: {
    server: { agent: createFakeAgent({ spawn: () => fail('no such program') }) },
    provoke: (url) => post(`${url}/conversations`),
  },
  session_configured_not_first_event: {
    server: {
      agent: createFakeAgent({
        spawn(options, plain) {
          options.emit({ submission_id: '0', msg: configuredMsg(options) })
          return plain()
        },
      }),
    },
    provoke: (url) => post(`${url}/conversations`),
  },
}

describe('the problem', () => {
  test.each(Object.entries(provocations))(
    '%s',
    async (name, { server: options, provoke, retryAfter }) => {
      await using server = await startServer(options)
      const answer = await provoke(server.url)
      expect(problemIn(answer).code).toBe(ErrorCode.parse(name))
      const header = answer.headers.get('retry-after')
      expect(header ?? 'none').toMatch(retryAfter === true ? /^[1-9]\d*$/ : /^none$/)
    },
  )

  test('shutting_down', async () => {
    const agent = createFakeAgent()
    await using server = await startServer({ agent, drainMs: 60_000 })
    const conversation = await createConversation(server.url)
    await post(`${conversation}/submissions`, say('work'))
    const task = await agent.nextTask()
    const closing = server.app.close()
    for (const answer of [
      await post(`${server.url}/conversations`),
      await post(`${conversation}/submissions`, say('more')),
    ]) {
      expect(problemIn(answer).code).toBe('shutting_down')
      expect(answer.headers.get('retry-after')).toMatch(/^[1-9]\d*$/)
    }
    task.complete()
    await closing
  })

  test('every code is provoked here', () => {
    expect([...Object.keys(provocations), 'shutting_down'].toSorted()).toEqual(
      ErrorCode.options.toSorted(),
    )
  })
})

describe('what single problems add', () => {
  test('invalid_request: every wrong field with its pointer', async () => {
    await using server = await startServer()
    const body = { title: 1, metadata: { a: 2 }, 'a/b~c': 3 }
    const problem = problemIn(await post(`${server.url}/conversations`, body), 'invalid_request')
    const pointers = problem.errors?.map(({ pointer }) => pointer).toSorted()
    expect(pointers).toEqual(['/a~1b~0c', '/metadata/a', '/title'])
    for (const { message } of problem.errors ?? []) expect(message).toMatch(/\S/)
  })

  test.each(['constructor', 'toString', 'hasOwnProperty', '__proto__'])(
    'invalid_request: no agent is called %s',
    async (agent) => {
      await using server = await startServer()
      const answer = await post(`${server.url}/conversations`, { agent })
      expect(problemIn(answer, 'invalid_request').errors?.[0]?.pointer).toBe('/agent')
    },
  )

  test('cursor_ahead: the last seq', async () => {
    await using server = await startServer()
    const conversation = await createConversation(server.url)
    const answer = await get(`${conversation}/events?after=99`)
    expect(problemIn(answer, 'cursor_ahead').last_seq).toBe(1)
  })

  test('events_expired: the first seq that is kept, from which reading works', async () => {
    await using server = await startServer({ maxLogBytes: 1 })
    const conversation = await createConversation(server.url)
    await post(`${conversation}/submissions`, { type: 'get_history' })
    const { first_seq = 0 } = problemIn(await get(`${conversation}/events`), 'events_expired')
    const page = await get(`${conversation}/events?after=${first_seq - 1}`)
    expect(page.body.data[0].seq).toBe(first_seq)
  })

  test('agent_spawn_failed: the cause', async () => {
    const agent = createFakeAgent({ spawn: () => fail('no such program') })
    await using server = await startServer({ agent })
    const problem = problemIn(await post(`${server.url}/conversations`), 'agent_spawn_failed')
    expect(problem.detail).toContain('no such program')
  })

  test('too_many_streams: a create that asks for a stream makes no conversation', async () => {
    await using server = await startServer({ streams: { maxStreams: 1 } })
    const conversation = await createConversation(server.url)
    await using reader = await SseReader.open(`${conversation}/events`)
    await reader.event()
    const headers = { accept: 'text/event-stream' }
    expect(problemIn(await post(`${server.url}/conversations`, {}, headers)).code).toBe(
      'too_many_streams',
    )
    expect((await get(`${server.url}/conversations`)).body.data).toHaveLength(1)
  })

  test.each([
    ['items', { input: Array.from({ length: 100_000 }, () => 0) }],
    ['unknown fields', wrongPairs],
    ['metadata', { metadata: wrongPairs }],
  ])('a huge body with wrong %s gets a small answer', async (_what, body) => {
    await using server = await startServer()
    const answer = await post(`${server.url}/conversations`, body)
    expect(problemIn(answer).code).toBe('invalid_request')
    expect(JSON.stringify(answer.body).length).toBeLessThan(100_000)
  })
})

function fail(message: string): never {
  throw new Error(message)
}
