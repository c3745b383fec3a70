import { describe, expect, test } from 'vitest'
import { conversationIn, type ReachableState } from '../support/conversation-in-state.ts'
import { createFakeAgent } from '../support/fake-agent.ts'
import { createConversation, get, post, say } from '../support/http.ts'
import { eventsAfter, inShort, submit, submitAndWait, toldAfter } from '../support/submissions.ts'
import { startServer } from '../support/test-server.ts'

const later = { type: 'text', text: 'later' }
const oneMore = (type: string, delivery?: string): object => ({
  type,
  items: [later],
  ...(delivery === undefined ? {} : { delivery }),
})

describe('a user message meets', () => {
  const started = [202, 'started']
  const steered = [202, 'steered']
  const queued = [202, 'queued']
  const running = [409, 'task_running']
  const closed = [409, 'conversation_closed']
  type Row = [ReachableState, string, string | undefined, (number | string)[]]
  const rows: Row[] = [
    ['idle', 'user_input', undefined, started],
    ['idle', 'user_input', 'steer', started],
    ['idle', 'user_input', 'queue', started],
    ['idle', 'user_input', 'reject', started],
    ['idle', 'user_turn', undefined, started],
    ['idle', 'user_turn', 'queue', started],
    ['idle', 'user_turn', 'reject', started],
    ['running', 'user_input', undefined, steered],
    ['running', 'user_input', 'steer', steered],
    ['running', 'user_input', 'queue', queued],
    ['running', 'user_input', 'reject', running],
    ['running', 'user_turn', undefined, queued],
    ['running', 'user_turn', 'queue', queued],
    ['running', 'user_turn', 'reject', running],
    ['aborting', 'user_input', undefined, queued],
    ['aborting', 'user_input', 'steer', queued],
    ['aborting', 'user_input', 'queue', queued],
    ['aborting', 'user_input', 'reject', running],
    ['aborting', 'user_turn', 'queue', queued],
    ['aborting', 'user_turn', 'reject', running],
    ['closed', 'user_input', 'steer', closed],
    ['closed', 'user_input', 'queue', closed],
    ['closed', 'user_input', 'reject', closed],
    ['closed', 'user_turn', 'queue', closed],
    ['closed', 'user_turn', 'reject', closed],
  ]

  test.each(rows)('%s: %s, delivery %s', async (state, type, delivery, [status, said]) => {
    await using conversation = await conversationIn(state)
    const before = await eventsAfter(conversation.url)
    const { status: got, body } = await submit(conversation.url, oneMore(type, delivery))
    expect([got, body.outcome ?? body.code]).toEqual([status, said])
    const caused = await eventsAfter(conversation.url, body.after ?? before.length)
    expect(caused.length > 0).toBe(status === 202)
    expect(caused.every(({ seq }) => seq > before.length)).toBe(true)
  })

  test('a running task that takes no more: it runs after it', async () => {
    await using conversation = await conversationIn('running', { takesSteering: false })
    const { body } = await submit(conversation.url, say('later'))
    expect(body).toEqual({ submission_id: '1', outcome: 'queued', after: 3 })
    expect(await eventsAfter(conversation.url, 3)).toMatchObject([
      { submission_id: '1', msg: { type: 'user_message', delivery: 'queue' } },
    ])
    conversation.task?.complete()
    const next = await conversation.agent.nextTask()
    expect(next.task).toMatchObject({ submissionId: '1', items: [later] })
  })
})

describe('a receipt', () => {
  test('of a start reads on to exactly that turn', async () => {
    const agent = createFakeAgent({
      async runTask(task) {
        await task.say('a')
        task.complete('a')
      },
    })
    await using server = await startServer({ agent })
    const url = await createConversation(server.url)
    await submitAndWait(url, say('one'))
    const { body } = await submitAndWait(url, say('two'))
    const events = await eventsAfter(url, body.after)
    expect(events.map((event) => event.submission_id)).toEqual(['1', '1', '1', '1'])
    expect(events.map((event) => event.msg)).toEqual([
      { type: 'user_message', items: [{ type: 'text', text: 'two' }], delivery: 'start' },
      { type: 'task_started' },
      { type: 'agent_message_delta', delta: 'a' },
      { type: 'task_complete', last_agent_message: 'a' },
    ])
    expect(await toldAfter(url, body.last_seq)).toEqual([])
  })

  test('of a steer names the task it joined, which gets the items', async () => {
    await using conversation = await conversationIn('running')
    const { body } = await submit(conversation.url, oneMore('user_input'))
    expect(body).toEqual({
      submission_id: '1',
      outcome: 'steered',
      task_submission_id: '0',
      after: 3,
    })
    expect(conversation.task?.steered).toEqual([[later]])
    expect(await eventsAfter(conversation.url, 3)).toMatchObject([
      { submission_id: '1', msg: { type: 'user_message', items: [later], delivery: 'steer' } },
    ])
  })

  test('of a queued one reads on to its message, then to its own task', async () => {
    await using conversation = await conversationIn('running')
    const { url } = conversation
    const { body } = await submit(url, say('later', { delivery: 'queue' }))
    expect(await toldAfter(url, body.after)).toEqual(['1 user_message'])
    conversation.task?.complete()
    const next = await conversation.agent.nextTask()
    next.complete()
    await submitAndWait(url, { type: 'get_history' })
    expect((await toldAfter(url, body.after)).slice(0, 3)).toEqual([
      '1 user_message',
      '0 task_complete',
      '1 task_started',
    ])
  })

  test('comes once the log has what it is about', async () => {
    await using server = await startServer()
    const url = await createConversation(server.url)
    const { body } = await submit(url, say('hi'))
    expect(await toldAfter(url, body.after)).toEqual(['0 user_message', '0 task_started'])
  })

  test('numbers submissions per conversation, refused ones not', async () => {
    await using server = await startServer()
    for (const url of [
      await createConversation(server.url),
      await createConversation(server.url),
    ]) {
      const ids: string[] = []
      for (let n = 0; n < 12; n += 1) {
        await submit(url, say(' '))
        ids.push((await submit(url, { type: 'get_history' })).body.submission_id)
      }
      expect(ids).toEqual(Array.from({ length: 12 }, (_, n) => String(n)))
    }
  })

  test('queued submissions run one at a time, in order', async () => {
    const order: string[] = []
    let running = 0
    const agent = createFakeAgent({
      async runTask(task) {
        running += 1
        expect(running).toBe(1)
        order.push(task.task.submissionId)
        await task.say('a')
        running -= 1
        task.complete()
      },
    })
    await using server = await startServer({ agent })
    const url = await createConversation(server.url)
    const all = Array.from({ length: 30 }, (_, n) => say(`${n}`, { delivery: 'queue' }))
    const answers = await Promise.all(all.map((op) => submitAndWait(url, op)))
    expect(answers.map(({ status, body }) => [status, body.status])).toEqual(
      all.map(() => [200, 'completed']),
    )
    expect(order).toEqual(all.map((_, n) => String(n)))
  })
})

describe('get_history', () => {
  test.each(['idle', 'running', 'aborting'] as const)('answers by an event: %s', async (state) => {
    await using conversation = await conversationIn(state)
    const { status, body } = await submit(conversation.url, { type: 'get_history' })
    expect([status, body.outcome]).toEqual([202, 'applied'])
    expect(await eventsAfter(conversation.url, body.after)).toMatchObject([
      {
        submission_id: body.submission_id,
        msg: {
          type: 'conversation_history',
          conversation_id: conversation.url.split('/').at(-1),
          entries: [{ type: 'message', role: 'user' }],
        },
      },
    ])
  })
})

describe('what is no op of this version', () => {
  test.each([
    ['exec_approval', { call_id: 'a', decision: 'approved' }],
    ['patch_approval', { call_id: 'a', decision: 'approved' }],
    ['compact', {}],
    ['list_mcp_tools', {}],
    ['configure_session', {}],
    ['', {}],
  ])('%s is refused with the types there are', async (type, fields) => {
    await using server = await startServer()
    const url = await createConversation(server.url)
    const { status, body } = await submit(url, { type, ...fields })
    expect([status, body.code]).toEqual([400, 'invalid_request'])
    expect(body.errors).toEqual([{ pointer: '/type', message: expect.any(String) }])
    for (const supported of ['user_input', 'user_turn', 'override_turn_context', 'interrupt']) {
      expect(body.errors[0].message).toContain(supported)
    }
    for (const supported of ['add_to_history', 'get_history', 'shutdown']) {
      expect(body.errors[0].message).toContain(supported)
    }
    expect(await toldAfter(url)).toEqual([' session_configured'])
  })

  test.each([
    ['no type', { text: 'a' }, '/type'],
    ['an unknown field', say('a', { colour: 'red' }), '/colour'],
    ['a field of another op', { type: 'interrupt', text: 'a' }, '/text'],
    ['a turn setting with user_input', say('a', { model: 'm' }), '/model'],
    ['empty items', { type: 'user_input', items: [] }, '/items'],
    [
      '257 items',
      { type: 'user_input', items: Array.from({ length: 257 }, () => later) },
      '/items',
    ],
    ['blank text', say(' \t\n'), '/text'],
    ['empty text', say(''), '/text'],
    [
      'a blank item',
      { type: 'user_input', items: [later, { type: 'text', text: ' ' }] },
      '/items/1/text',
    ],
    ['an unknown item', { type: 'user_input', items: [{ type: 'sound' }] }, '/items/0/type'],
    ['an unknown item field', { type: 'user_input', items: [{ ...later, n: 1 }] }, '/items/0/n'],
    [
      'an image without a URL',
      { type: 'user_input', items: [{ type: 'image' }] },
      '/items/0/image_url',
    ],
    ['text that is no string', say('a', { text: 7 }), '/text'],
    ['items and text', say('a', { items: [later] }), ''],
    ['neither items nor text', { type: 'user_input' }, ''],
    ['user_turn with items and text', { ...oneMore('user_turn'), text: 'a' }, ''],
    ['user_turn with neither', { type: 'user_turn' }, ''],
    ['an unknown delivery', say('a', { delivery: 'now' }), '/delivery'],
    ['user_turn that steers', oneMore('user_turn', 'steer'), '/delivery'],
    [
      'a wrong policy',
      { type: 'override_turn_context', approval_policy: 'ask' },
      '/approval_policy',
    ],
    ['clear_queue that is no boolean', { type: 'interrupt', clear_queue: 'yes' }, '/clear_queue'],
    ['a blank history entry', { type: 'add_to_history', text: ' ' }, '/text'],
    ['a negative offset', { type: 'get_history_entry_request', offset: -1, log_id: 1 }, '/offset'],
    ['no log_id', { type: 'get_history_entry_request', offset: 0 }, '/log_id'],
    ['shutdown with a field', { type: 'shutdown', now: true }, '/now'],
  ])('%s is refused', async (_what, op, pointer) => {
    await using server = await startServer()
    const url = await createConversation(server.url)
    const { status, body } = await submit(url, op)
    expect([status, body.code]).toEqual([400, 'invalid_request'])
    expect(body.errors).toMatchObject([{ pointer }])
    expect(await toldAfter(url)).toEqual([' session_configured'])
  })

  test.each(['[]', '"user_input"', '7', 'null', '{', ''])(
    'the body %s is refused',
    async (body) => {
      await using server = await startServer()
      const url = await createConversation(server.url)
      const answer = await fetch(`${url}/submissions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
      })
      expect(answer.status).toBe(400)
      expect(await answer.json()).toMatchObject({ code: 'invalid_request' })
      expect(await toldAfter(url)).toEqual([' session_configured'])
    },
  )

  test('an unknown query parameter is refused', async () => {
    await using server = await startServer()
    const url = await createConversation(server.url)
    expect((await post(`${url}/submissions?wait=1`, say('a'))).status).toBe(400)
  })
})

test('a conversation that nobody has is 404', async () => {
  await using server = await startServer()
  const url = `${server.url}/conversations/01999999-9999-7999-8999-999999999999`
  const { status, body } = await submit(url, say('a'))
  expect([status, body.code]).toEqual([404, 'conversation_not_found'])
  expect((await get(`${server.url}/conversations`)).body.data).toEqual([])
})

test('items reach the task as they came', async () => {
  const agent = createFakeAgent()
  await using server = await startServer({ agent })
  const url = await createConversation(server.url)
  const items = [
    { type: 'text', text: '  kept \u2028 as it \r\n is 😀 ' },
    { type: 'image', image_url: 'data:image/png;base64,AAAA' },
    { type: 'image', image_url: 'https://example.com/a.png' },
  ]
  await submit(url, { type: 'user_input', items })
  expect((await agent.nextTask()).task.items).toEqual(items)
  const events = await eventsAfter(url, 1)
  expect(inShort(events)).toEqual(['0 user_message', '0 task_started'])
  expect(events[0]?.msg).toEqual({ type: 'user_message', items, delivery: 'start' })
})
