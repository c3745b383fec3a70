import { describe, expect, test } from 'vitest'
import { createFakeAgent } from '../support/fake-agent.ts'
import { createConversation, get, post, say, send } from '../support/http.ts'
import { SseReader } from '../support/sse-reader.ts'
import { startServer } from '../support/test-server.ts'

const unknownId = '01999999-9999-7999-8999-999999999999'

describe('POST /conversations', () => {
  test('answers 201 with session_configured, its seq and the location', async () => {
    await using server = await startServer()
    const answer = await post(`${server.url}/conversations`, {
      model: 'a-model',
      cwd: '/',
      approval_policy: 'never',
      sandbox_policy: { mode: 'danger-full-access' },
    })
    const { conversation_id } = answer.body
    expect(answer.status).toBe(201)
    expect(answer.headers.get('location')).toBe(`/conversations/${conversation_id}`)
    expect(answer.body).toEqual({
      conversation_id,
      after: 1,
      session_configured: {
        session_id: conversation_id,
        model: 'a-model',
        model_provider: 'fake',
        agent: 'fake',
        cwd: '/',
        approval_policy: 'never',
        sandbox_policy: { mode: 'danger-full-access' },
        history_log_id: 0,
        history_entry_count: 0,
      },
    })
    expect(conversation_id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7/)
  })

  test('the first event of the log is the session_configured of the answer', async () => {
    await using server = await startServer()
    const { body } = await post(`${server.url}/conversations`)
    const page = await get(`${server.url}/conversations/${body.conversation_id}/events`)
    expect(page.body.data).toEqual([
      {
        seq: 1,
        at: expect.any(String),
        submission_id: '',
        msg: { type: 'session_configured', ...body.session_configured },
      },
    ])
  })

  test('takes no body, an empty body and an empty object', async () => {
    await using server = await startServer()
    const url = `${server.url}/conversations`
    const json = { 'content-type': 'application/json' }
    expect((await fetch(url, { method: 'POST' })).status).toBe(201)
    expect((await fetch(url, { method: 'POST', headers: json })).status).toBe(201)
    expect((await post(url, {})).status).toBe(201)
  })

  test('with input the first turn starts at once', async () => {
    const agent = createFakeAgent()
    await using server = await startServer({ agent })
    const { body } = await post(`${server.url}/conversations`, {
      input: [{ type: 'text', text: 'hi' }],
    })
    expect(body.submission_id).toBe('0')
    const task = await agent.nextTask()
    expect(task.task).toMatchObject({ submissionId: '0', items: [{ type: 'text', text: 'hi' }] })
    task.complete('done')
  })

  test('with input and Prefer: wait the answer has the task', async () => {
    const agent = createFakeAgent({ runTask: (task) => task.complete('the answer') })
    await using server = await startServer({ agent })
    const answer = await post(
      `${server.url}/conversations`,
      { input: [{ type: 'text', text: 'hi' }] },
      { prefer: 'wait=30' },
    )
    expect(answer.headers.get('preference-applied')).toBe('wait=30')
    expect(answer.body.task).toEqual({
      submission_id: '0',
      status: 'completed',
      last_agent_message: 'the answer',
      error: null,
      usage: null,
      after: 1,
      last_seq: 4,
    })
  })

  test('with Accept: text/event-stream one request creates and subscribes', async () => {
    await using server = await startServer()
    await using reader = await SseReader.open(`${server.url}/conversations`, {
      method: 'POST',
    })
    expect(reader.status).toBe(201)
    const event = await reader.event()
    expect(event).toMatchObject({ seq: 1, submission_id: '', msg: { type: 'session_configured' } })
    expect(reader.headers['location']).toBe(`/conversations/${event.msg.session_id}`)
  })

  test('a client-chosen id is used, in lower case', async () => {
    await using server = await startServer()
    const id = 'ABCDEF00-0000-4000-8000-00000000000A'
    const { body } = await post(`${server.url}/conversations`, { conversation_id: id })
    expect(body.conversation_id).toBe(id.toLowerCase())
    expect((await get(`${server.url}/conversations/${id}`)).status).toBe(200)
  })

  test.each([
    ['an unknown field', { colour: 'red' }, '/colour'],
    ['MCP servers, which are not built yet', { mcp_servers: {} }, '/mcp_servers'],
    ['a relative cwd', { cwd: 'here' }, '/cwd'],
    ['a cwd that does not exist', { cwd: '/does/not/exist' }, '/cwd'],
    ['a cwd that is a file', { cwd: '/etc/passwd' }, '/cwd'],
    ['an unknown agent', { agent: 'nobody' }, '/agent'],
    ['an id that is no UUID', { conversation_id: 'mine' }, '/conversation_id'],
    ['a model without a name', { model: ' ' }, '/model'],
    ['empty input', { input: [] }, '/input'],
    ['blank input', { input: [{ type: 'text', text: ' \n' }] }, '/input/0/text'],
    [
      'a local image, which is not built yet',
      { input: [{ type: 'local_image', path: 'a' }] },
      '/input/0/type',
    ],
    [
      'an image at a file: URL',
      { input: [{ type: 'image', image_url: 'file:///a' }] },
      '/input/0/image_url',
    ],
    [
      '17 pairs of metadata',
      { metadata: Object.fromEntries(Array.from({ length: 17 }, (_, n) => [`k${n}`, 'v'])) },
      '/metadata',
    ],
  ])('refuses %s', async (_what, body, pointer) => {
    await using server = await startServer()
    const answer = await post(`${server.url}/conversations`, body)
    expect(answer.status).toBe(400)
    expect(answer.headers.get('content-type')).toBe('application/problem+json; charset=utf-8')
    expect(answer.body).toMatchObject({
      code: 'invalid_request',
      status: 400,
      errors: [{ pointer }],
    })
    expect((await get(`${server.url}/conversations`)).body.data).toEqual([])
  })

  test('more conversations than allowed are refused until one is deleted', async () => {
    await using server = await startServer({ limits: { maxConversations: 2 } })
    const first = await createConversation(server.url)
    await createConversation(server.url)
    const refused = await post(`${server.url}/conversations`)
    expect(refused.status).toBe(429)
    expect(refused.body.code).toBe('too_many_conversations')
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
    await send('DELETE', first)
    expect((await post(`${server.url}/conversations`)).status).toBe(201)
  })
})

describe('a repeated create', () => {
  const body = { title: 'one', metadata: { a: '1', b: '2' } }
  const sameBody = { metadata: { b: '2', a: '1' }, title: 'one' }

  test.each([
    ['Idempotency-Key', {}, { 'idempotency-key': 'k' }],
    ['chosen id', { conversation_id: unknownId }, {}],
  ])('with the same %s answers the first answer', async (_what, more, headers) => {
    const agent = createFakeAgent()
    await using server = await startServer({ agent })
    const url = `${server.url}/conversations`
    const first = await post(url, { ...body, ...more }, headers)
    const again = await post(url, { ...sameBody, ...more }, headers)
    expect(first.headers.get('idempotency-replayed')).toBeNull()
    expect(again.headers.get('idempotency-replayed')).toBe('true')
    expect(again.status).toBe(201)
    expect(again.body).toEqual(first.body)
    const other = await post(url, { title: 'two', ...more }, headers)
    expect(other.status).toBe(409)
    expect(other.body.code).toBe('idempotency_conflict')
    expect(agent.spawned).toHaveLength(1)
  })

  test.each([
    ['Idempotency-Key', {}, { 'idempotency-key': 'k' }],
    ['chosen id', { conversation_id: unknownId }, {}],
  ])('with the same %s at the same time spawns one session', async (_what, more, headers) => {
    const agent = createFakeAgent()
    await using server = await startServer({ agent })
    const repeats = Array.from({ length: 20 }, () =>
      post(`${server.url}/conversations`, { ...body, ...more }, headers),
    )
    const answers = await Promise.all(repeats)
    expect(new Set(answers.map((answer) => JSON.stringify(answer.body))).size).toBe(1)
    expect(agent.spawned).toHaveLength(1)
    const replayed = answers.filter((answer) => answer.headers.has('idempotency-replayed'))
    expect(replayed).toHaveLength(19)
  })

  test('that asks for the stream gets the stream of the first', async () => {
    await using server = await startServer()
    const { body: first } = await post(`${server.url}/conversations`, undefined, {
      'idempotency-key': 'k',
    })
    await using reader = await SseReader.open(`${server.url}/conversations`, {
      method: 'POST',
      headers: { 'idempotency-key': 'k' },
    })
    expect(reader.headers['idempotency-replayed']).toBe('true')
    expect((await reader.event()).msg.session_id).toBe(first.conversation_id)
  })

  test('after a failure tries again', async () => {
    let failures = 1
    const agent = createFakeAgent({
      spawn(_options, plain) {
        failures -= 1
        if (failures >= 0) throw new Error('not yet')
        return plain()
      },
    })
    await using server = await startServer({ agent })
    const headers = { 'idempotency-key': 'k' }
    expect((await post(`${server.url}/conversations`, {}, headers)).status).toBe(502)
    expect((await post(`${server.url}/conversations`, {}, headers)).status).toBe(201)
  })
})

function idsOf(page: { body: { data: { conversation_id: string }[] } }): string[] {
  return page.body.data.map((one) => one.conversation_id)
}

describe('GET /conversations', () => {
  test('lists newest first, in pages that stay right while others come and go', async () => {
    await using server = await startServer()
    const url = `${server.url}/conversations`
    const ids: string[] = []
    for (let n = 0; n < 7; n += 1) ids.unshift((await post(url)).body.conversation_id)

    const first = await get(`${url}?limit=3`)
    expect(idsOf(first)).toEqual(ids.slice(0, 3))
    await post(url)
    await send('DELETE', `${url}/${ids[2]}`)
    await send('DELETE', `${url}/${ids[4]}`)
    const second = await get(`${url}?limit=2&cursor=${first.body.next_cursor}`)
    expect(idsOf(second)).toEqual([ids[3], ids[5]])
    const third = await get(`${url}?limit=2&cursor=${second.body.next_cursor}`)
    expect(idsOf(third)).toEqual([ids[6]])
    expect(third.body.next_cursor).toBeNull()
  })

  test('filters by status', async () => {
    const agent = createFakeAgent()
    await using server = await startServer({ agent })
    const idle = await createConversation(server.url)
    const running = await createConversation(server.url, { input: [{ type: 'text', text: 'a' }] })
    const closed = await createConversation(server.url)
    await using reader = await SseReader.open(`${closed}/events`)
    await post(`${closed}/submissions`, { type: 'shutdown' })
    await reader.until('shutdown_complete')
    for (const [status, url] of Object.entries({ idle, running, closed })) {
      const { body } = await get(`${server.url}/conversations?status=${status}`)
      expect(body.data.map((one: { conversation_id: string }) => one.conversation_id)).toEqual([
        url.split('/').at(-1),
      ])
    }
    const none = await get(`${server.url}/conversations?status=busy`)
    expect(none.status).toBe(400)
  })

  test.each(['limit=0', 'limit=101', 'limit=x', 'cursor=zzz', 'cursor=W10', 'colour=red'])(
    'refuses ?%s',
    async (query) => {
      await using server = await startServer()
      const answer = await get(`${server.url}/conversations?${query}`)
      expect([answer.status, answer.body.code]).toEqual([400, 'invalid_request'])
    },
  )
})

describe('GET, PATCH and DELETE /conversations/{id}', () => {
  test('a conversation as it stands', async () => {
    const agent = createFakeAgent()
    await using server = await startServer({ agent })
    const url = await createConversation(server.url, { title: 't', metadata: { k: 'v' } })
    await post(`${url}/submissions`, say('one'))
    await post(`${url}/submissions`, say('two', { delivery: 'queue' }))
    const { body } = await get(url)
    expect(body).toEqual({
      conversation_id: url.split('/').at(-1),
      status: 'running',
      agent: 'fake',
      model: 'fake-model',
      model_provider: 'fake',
      cwd: process.cwd(),
      title: 't',
      metadata: { k: 'v' },
      created_at: expect.any(String),
      updated_at: expect.any(String),
      last_seq: 4,
      active_task: { submission_id: '0', started_at: expect.any(String) },
      queued: ['1'],
      usage: {
        input_tokens: 0,
        cached_input_tokens: 0,
        output_tokens: 0,
        reasoning_output_tokens: 0,
        total_tokens: 0,
      },
      session_configured: expect.objectContaining({ agent: 'fake' }),
    })
  })

  test('PATCH changes title and metadata, each by itself', async () => {
    await using server = await startServer()
    const url = await createConversation(server.url, { title: 'old', metadata: { a: '1' } })
    const titled = await send('PATCH', url, { title: 'new' })
    expect([titled.body.title, titled.body.metadata]).toEqual(['new', { a: '1' }])
    const both = await send('PATCH', url, { title: null, metadata: { b: '2' } })
    expect([both.body.title, both.body.metadata]).toEqual([null, { b: '2' }])
    expect((await get(url)).body).toEqual(both.body)
    for (const body of [{}, { status: 'closed' }, { title: 1 }]) {
      expect((await send('PATCH', url, body)).status).toBe(400)
    }
  })

  test('DELETE closes the session, ends streams and forgets the log', async () => {
    const agent = createFakeAgent()
    await using server = await startServer({ agent })
    const url = await createConversation(server.url, { input: [{ type: 'text', text: 'a' }] })
    const task = await agent.nextTask()
    await using reader = await SseReader.open(`${url}/events`)
    await reader.until('task_started')
    const deleted = await send('DELETE', url)
    expect(deleted.status).toBe(204)
    expect(task.signal.aborted).toBe(true)
    expect(agent.openSessions).toBe(0)
    const blocks = await reader.rest()
    expect(blocks.at(-1)).toMatchObject({ event: 'control' })
    expect(JSON.parse(blocks.at(-1)?.data ?? '')).toMatchObject({ type: 'closed' })
    for (const path of ['', '/events']) {
      const answer = await get(`${url}${path}`)
      expect([answer.status, answer.body.code]).toEqual([404, 'conversation_not_found'])
    }
    expect((await send('DELETE', url)).status).toBe(404)
    expect((await get(`${server.url}/conversations`)).body.data).toEqual([])
  })

  test.each([unknownId, 'not-a-uuid', '%00', 'a'.repeat(90), '%F0%9F%92%A9'])(
    'an id that nobody has is 404: %s',
    async (id) => {
      await using server = await startServer()
      for (const method of ['GET', 'DELETE']) {
        const answer = await send(method, `${server.url}/conversations/${id}`)
        expect([answer.status, answer.body.code]).toEqual([404, 'conversation_not_found'])
      }
    },
  )
})
