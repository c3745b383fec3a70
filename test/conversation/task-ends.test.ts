import { describe, expect, test } from 'vitest'
import { createFakeAgent, type FakeTask } from '../support/fake-agent.ts'
import { createConversation, get, say, send } from '../support/http.ts'
import {
  eventsAfter,
  submit,
  submitAndWait,
  toldAfter,
  untilQuiet,
  untilTold,
} from '../support/submissions.ts'
import { startServer } from '../support/test-server.ts'

describe('a task that ignores its abort', () => {
  test('ends after the grace time; what it says later is dropped', async () => {
    const agent = createFakeAgent({ heedsAborts: false })
    await using server = await startServer({ agent, limits: { abortGraceMs: 30 } })
    const url = await createConversation(server.url)
    await submit(url, say('a'))
    const stubborn = await agent.nextTask()
    await stubborn.say('before')
    await submit(url, { type: 'interrupt' })
    await untilTold(url, '0 turn_aborted')
    await stubborn.say('after')
    stubborn.complete('after')
    await submit(url, { type: 'get_history' })
    expect(await toldAfter(url, 3)).toEqual([
      '0 agent_message_delta',
      '0 turn_aborted',
      '2 conversation_history',
    ])
    expect((await get(url)).body.status).toBe('idle')
  })

  test('makes room for the next, whose events are its own', async () => {
    const agent = createFakeAgent({ heedsAborts: false })
    await using server = await startServer({ agent, limits: { abortGraceMs: 30 } })
    const url = await createConversation(server.url)
    await submit(url, say('a'))
    const stubborn = await agent.nextTask()
    await submit(url, say('b', { delivery: 'queue' }))
    await submit(url, { type: 'interrupt' })
    const next = await agent.nextTask()
    await stubborn.say('of the first')
    await next.say('of the second')
    stubborn.crash(new Error('too late'))
    next.complete('done')
    const events = await untilTold(url, '1 task_complete')
    expect(events.slice(4).map(({ submission_id, msg }) => [submission_id, msg])).toEqual([
      ['0', { type: 'turn_aborted', reason: 'interrupted' }],
      ['1', { type: 'task_started' }],
      ['1', { type: 'agent_message_delta', delta: 'of the second' }],
      ['1', { type: 'task_complete', last_agent_message: 'done' }],
    ])
  })

  test('does not hold up a delete', async () => {
    const agent = createFakeAgent({ heedsAborts: false })
    await using server = await startServer({ agent, limits: { abortGraceMs: 30 } })
    const url = await createConversation(server.url, { input: [{ type: 'text', text: 'a' }] })
    await agent.nextTask()
    expect((await send('DELETE', url)).status).toBe(204)
    expect(agent.openSessions).toBe(0)
  })

  test('does not hold up a shutdown', async () => {
    const agent = createFakeAgent({ heedsAborts: false })
    await using server = await startServer({ agent, limits: { abortGraceMs: 30 } })
    const url = await createConversation(server.url, { input: [{ type: 'text', text: 'a' }] })
    await agent.nextTask()
    await submit(url, { type: 'shutdown' })
    await untilTold(url, '1 shutdown_complete')
    expect(agent.openSessions).toBe(0)
  })
})

describe('a task whose agent fails', () => {
  const ways: [string, (task: FakeTask) => void][] = [
    ['rejects', (task) => task.crash(new Error('the secret'))],
    [
      'throws',
      () => {
        throw new Error('the secret')
      },
    ],
  ]
  test.each(ways)('%s: error internal, task_complete, and on it goes', async (_how, fail) => {
    let failures = 1
    const agent = createFakeAgent({
      runTask(task) {
        failures -= 1
        if (failures >= 0) fail(task)
        else task.complete('well')
      },
    })
    await using server = await startServer({ agent })
    const url = await createConversation(server.url)
    const { body } = await submitAndWait(url, say('a'))
    expect(body).toMatchObject({ status: 'failed', error: { code: 'internal' } })
    const events = await eventsAfter(url, 3)
    expect(events.map((event) => event.msg)).toMatchObject([
      { type: 'error', code: 'internal' },
      { type: 'task_complete', last_agent_message: null },
    ])
    expect(JSON.stringify([body, events])).not.toContain('secret')
    expect((await submitAndWait(url, say('b'))).body).toMatchObject({
      submission_id: '1',
      status: 'completed',
      last_agent_message: 'well',
    })
  })

  test('while it was being aborted ends as aborted', async () => {
    const agent = createFakeAgent({ heedsAborts: false })
    await using server = await startServer({ agent })
    const url = await createConversation(server.url)
    await submit(url, say('a'))
    const task = await agent.nextTask()
    await submit(url, { type: 'interrupt' })
    task.crash(new Error('torn down'))
    await untilTold(url, '0 turn_aborted')
    expect(await toldAfter(url, 3)).toEqual(['0 turn_aborted'])
  })
})

describe('what a task said', () => {
  test('before its end is in the log in order, though nobody waited for it', async () => {
    const count = 2_000
    const agent = createFakeAgent({
      runTask(task) {
        for (let n = 0; n < count; n += 1) void task.say(`${n}`)
        task.complete()
      },
    })
    await using server = await startServer({ agent })
    const url = await createConversation(server.url)
    const { body } = await submitAndWait(url, say('a'))
    expect(body.last_seq).toBe(3 + count + 1)
    const rest = await eventsAfter(url, 3)
    expect(rest.map(({ seq }) => seq)).toEqual(Array.from({ length: count + 1 }, (_, n) => n + 4))
    expect(rest.slice(0, -1).map(({ msg }) => 'delta' in msg && msg.delta)).toEqual(
      Array.from({ length: count }, (_, n) => `${n}`),
    )
  })

  test('after its end is dropped', async () => {
    const agent = createFakeAgent()
    await using server = await startServer({ agent })
    const url = await createConversation(server.url)
    await submit(url, say('a'))
    const task = await agent.nextTask()
    task.complete()
    await untilQuiet(url)
    await task.say('too late')
    await submit(url, { type: 'get_history' })
    expect(await toldAfter(url, 3)).toEqual(['0 task_complete', '1 conversation_history'])
  })
})
