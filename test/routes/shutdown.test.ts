import { describe, expect, test } from 'vitest'
import { conversationIn } from '../support/conversation-in-state.ts'
import { createFakeAgent } from '../support/fake-agent.ts'
import { createConversation, get, say, send } from '../support/http.ts'
import { eventsAfter, submit, toldAfter, untilTold } from '../support/submissions.ts'
import { startServer } from '../support/test-server.ts'

describe('shutdown', () => {
  test('of an idle conversation closes its session; shutdown_complete is last', async () => {
    await using conversation = await conversationIn('idle')
    const { url, agent } = conversation
    const { status, body } = await submit(url, { type: 'shutdown' })
    expect([status, body]).toEqual([202, { submission_id: '0', outcome: 'closing', after: 1 }])
    await untilTold(url, '0 shutdown_complete')
    expect(await toldAfter(url, body.after)).toEqual(['0 shutdown_complete'])
    expect(agent.openSessions).toBe(0)
    expect((await get(url)).body).toMatchObject({ status: 'closed', active_task: null })
  })

  test('ends the running task and drops the queue, with the reason', async () => {
    await using conversation = await conversationIn('running')
    const { url, task } = conversation
    await submit(url, say('one', { delivery: 'queue' }))
    await submit(url, say('two', { delivery: 'queue' }))
    const { body } = await submit(url, { type: 'shutdown' })
    expect(body.submission_id).toBe('3')
    expect(task?.signal.aborted).toBe(true)
    await untilTold(url, '3 shutdown_complete')
    const events = await eventsAfter(url, body.after)
    const aborted = { type: 'turn_aborted', reason: 'shutdown' }
    expect(events.map(({ submission_id, msg }) => [submission_id, msg])).toEqual([
      ['1', aborted],
      ['2', aborted],
      ['0', aborted],
      ['3', { type: 'shutdown_complete' }],
    ])
    expect((await get(url)).body).toMatchObject({ status: 'closed', queued: [] })
  })

  test('after an interrupt waits for the end of the task', async () => {
    await using conversation = await conversationIn('aborting')
    const { url, task, agent } = conversation
    await submit(url, { type: 'shutdown' })
    expect((await get(url)).body.status).toBe('running')
    expect(agent.openSessions).toBe(1)
    task?.complete()
    await untilTold(url, '2 shutdown_complete')
    expect(await toldAfter(url, 3)).toEqual(['0 turn_aborted', '2 shutdown_complete'])
    expect(agent.openSessions).toBe(0)
  })

  test.each([
    say('a'),
    say('a', { delivery: 'queue' }),
    say('a', { delivery: 'reject' }),
    { type: 'user_turn', text: 'a' },
    { type: 'override_turn_context', model: 'm' },
    { type: 'interrupt' },
    { type: 'interrupt', clear_queue: true },
    { type: 'add_to_history', text: 'a' },
    { type: 'get_history_entry_request', offset: 0, log_id: 1 },
    { type: 'get_history' },
    { type: 'shutdown' },
  ])('is followed by nothing: %j is refused', async (op) => {
    await using conversation = await conversationIn('closed')
    const { status, body } = await submit(conversation.url, op)
    expect([status, body.code]).toEqual([409, 'conversation_closed'])
    expect(await toldAfter(conversation.url)).toEqual([
      ' session_configured',
      '0 shutdown_complete',
    ])
  })

  test('refuses what comes while the task still ends', async () => {
    await using conversation = await conversationIn('aborting')
    const { url } = conversation
    await submit(url, { type: 'shutdown' })
    for (const op of [say('a'), { type: 'interrupt' }, { type: 'shutdown' }]) {
      const { status, body } = await submit(url, op)
      expect([status, body.code]).toEqual([409, 'conversation_closed'])
    }
  })

  test('leaves the log, and what can be changed, as it is', async () => {
    await using conversation = await conversationIn('closed')
    const { url } = conversation
    expect((await get(`${url}/events`)).body).toMatchObject({ last_seq: 2, has_more: false })
    const patched = await send('PATCH', url, { title: 'over' })
    expect([patched.status, patched.body.title]).toEqual([200, 'over'])
    expect((await send('DELETE', url)).status).toBe(204)
  })

  test.each([
    ['two shutdowns at once', ['shutdown', 'shutdown']],
    ['a shutdown and a delete', ['shutdown', 'DELETE']],
    ['two deletes', ['DELETE', 'DELETE']],
  ])('%s close the session once', async (_what, ways) => {
    let closes = 0
    const agent = createFakeAgent({
      spawn(_options, plain) {
        const session = plain()
        return {
          ...session,
          async close() {
            closes += 1
            await session.close()
          },
        }
      },
    })
    await using server = await startServer({ agent })
    const url = await createConversation(server.url, { input: [{ type: 'text', text: 'a' }] })
    await agent.nextTask()
    const answers = await Promise.all(
      ways.map((way) => (way === 'DELETE' ? send(way, url) : submit(url, { type: way }))),
    )
    expect(answers.every(({ status }) => status < 500)).toBe(true)
    expect(answers.some(({ status }) => status === 202 || status === 204)).toBe(true)
    await send('DELETE', url)
    expect(closes).toBe(1)
    expect(agent.openSessions).toBe(0)
  })

  test('a session that fails to close is closed all the same', async () => {
    const agent = createFakeAgent({
      spawn: (_options, plain) => ({
        ...plain(),
        close: () => Promise.reject(new Error('stuck')),
      }),
    })
    await using server = await startServer({ agent })
    const url = await createConversation(server.url)
    await submit(url, { type: 'shutdown' })
    await untilTold(url, '0 shutdown_complete')
    expect((await get(url)).body.status).toBe('closed')
  })

  test('what a session still says after its end does not get into the log', async () => {
    const agent = createFakeAgent()
    await using server = await startServer({ agent })
    const url = await createConversation(server.url)
    await submit(url, { type: 'shutdown' })
    await untilTold(url, '0 shutdown_complete')
    agent.spawned[0]?.emit({
      submission_id: '',
      msg: { type: 'error', code: 'internal', message: 'too late' },
    })
    await send('PATCH', url, { title: 'later' })
    expect(await toldAfter(url)).toEqual([' session_configured', '0 shutdown_complete'])
  })
})
