import { tmpdir } from 'node:os'
import { describe, expect, test } from 'vitest'
import { conversationIn } from '../support/conversation-in-state.ts'
import { createFakeAgent } from '../support/fake-agent.ts'
import { createConversation, get, say } from '../support/http.ts'
import { submit, toldAfter } from '../support/submissions.ts'
import { startServer } from '../support/test-server.ts'

const first = {
  cwd: process.cwd(),
  model: 'fake-model',
  approval_policy: 'on-request',
  sandbox_policy: { mode: 'read-only' },
}
const other = {
  cwd: tmpdir(),
  model: 'other-model',
  approval_policy: 'never',
  sandbox_policy: { mode: 'workspace-write', network_access: true },
  effort: 'high',
  summary: 'concise',
}
const turn = (fields: object): object => ({ type: 'user_turn', text: 'a', ...fields })
const override = (fields: object): object => ({ type: 'override_turn_context', ...fields })

describe('override_turn_context', () => {
  test('applies to later turns and shows in the conversation', async () => {
    await using conversation = await conversationIn('idle')
    const { url, agent } = conversation
    const { status, body } = await submit(url, override(other))
    expect([status, body]).toEqual([202, { submission_id: '0', outcome: 'applied', after: 1 }])
    expect((await get(url)).body).toMatchObject({
      model: other.model,
      cwd: other.cwd,
      session_configured: { model: first.model, cwd: first.cwd },
    })
    await submit(url, say('a'))
    expect((await agent.nextTask()).task.context).toEqual(other)
    expect(await toldAfter(url, 1)).toEqual(['1 user_message', '1 task_started'])
  })

  test('keeps what it does not name', async () => {
    await using conversation = await conversationIn('idle')
    const { url, agent } = conversation
    await submit(url, override({ model: 'm' }))
    await submit(url, override({ effort: 'low' }))
    await submit(url, override({}))
    await submit(url, say('a'))
    const { context } = (await agent.nextTask()).task
    expect(context).toEqual({ ...first, model: 'm', effort: 'low', summary: undefined })
  })

  test('leaves the running task alone', async () => {
    await using conversation = await conversationIn('running')
    const { url, agent, task } = conversation
    expect((await submit(url, override({ model: 'm' }))).body.outcome).toBe('applied')
    expect(task?.task.context.model).toBe('fake-model')
    task?.complete()
    await submit(url, say('next', { delivery: 'queue' }))
    expect((await agent.nextTask()).task.context.model).toBe('m')
  })

  test('comes in order: what was queued before it is not changed', async () => {
    await using conversation = await conversationIn('running')
    const { url, agent, task } = conversation
    await submit(url, say('before', { delivery: 'queue' }))
    await submit(url, override({ model: 'm' }))
    await submit(url, say('after', { delivery: 'queue' }))
    task?.complete()
    const before = await agent.nextTask()
    expect(before.task.context.model).toBe('fake-model')
    before.complete()
    expect((await agent.nextTask()).task.context.model).toBe('m')
  })
})

describe('user_turn', () => {
  test('has its settings for itself alone', async () => {
    await using conversation = await conversationIn('idle')
    const { url, agent } = conversation
    await submit(url, turn(other))
    const task = await agent.nextTask()
    expect(task.task.context).toEqual(other)
    expect((await get(url)).body).toMatchObject({ model: first.model, cwd: first.cwd })
    task.complete()
    await submit(url, say('b', { delivery: 'queue' }))
    expect((await agent.nextTask()).task.context).toEqual(first)
  })

  test('without settings is a turn like any other', async () => {
    await using conversation = await conversationIn('idle')
    const { url, agent } = conversation
    await submit(url, turn({}))
    expect((await agent.nextTask()).task.context).toEqual(first)
  })

  test('keeps its settings while it waits', async () => {
    await using conversation = await conversationIn('running')
    const { url, agent, task } = conversation
    await submit(url, turn({ model: 'mine' }))
    await submit(url, override({ model: 'm', cwd: '/' }))
    task?.complete()
    expect((await agent.nextTask()).task.context).toEqual({ ...first, model: 'mine' })
  })
})

test('what the create asked for is what turns run under', async () => {
  const agent = createFakeAgent()
  await using server = await startServer({ agent })
  const { effort: reasoning_effort, summary: reasoning_summary, ...settings } = other
  const body = { ...settings, reasoning_effort, reasoning_summary }
  const url = await createConversation(server.url, body)
  await submit(url, say('a'))
  expect((await agent.nextTask()).task.context).toEqual(other)
})

describe.each([
  ['override_turn_context', override],
  ['user_turn', turn],
])('the cwd of %s', (_type, op) => {
  test.each([
    ['is relative', 'here'],
    ['does not exist', '/does/not/exist'],
    ['is a file', import.meta.filename],
    ['has a NUL', '/tmp\0'],
    ['is too long', `/${'a'.repeat(4096)}`],
  ])('that %s is refused, and nothing changes', async (_what, cwd) => {
    await using conversation = await conversationIn('idle')
    const { url } = conversation
    const { status, body } = await submit(url, op({ cwd, model: 'm' }))
    expect([status, body]).toMatchObject([
      400,
      { code: 'invalid_request', errors: [{ pointer: '/cwd' }] },
    ])
    expect((await get(url)).body).toMatchObject({ model: 'fake-model', cwd: first.cwd })
    expect(await toldAfter(url, 1)).toEqual([])
  })
})
