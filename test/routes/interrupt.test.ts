import { describe, expect, test } from 'vitest'
import { conversationIn } from '../support/conversation-in-state.ts'
import { createFakeAgent } from '../support/fake-agent.ts'
import { createConversation, get, say } from '../support/http.ts'
import { eventsAfter, submit, toldAfter, untilTold } from '../support/submissions.ts'
import { startServer } from '../support/test-server.ts'

const queued = (text: string): object => say(text, { delivery: 'queue' })

describe('interrupt', () => {
  test('ends the running task, which is told so', async () => {
    await using conversation = await conversationIn('running')
    const { url, task } = conversation
    const { status, body } = await submit(url, { type: 'interrupt' })
    expect([status, body]).toEqual([202, { submission_id: '1', outcome: 'interrupted', after: 3 }])
    expect(task?.signal.aborted).toBe(true)
    const events = await untilTold(url, '0 turn_aborted')
    expect(events.at(-1)).toMatchObject({ seq: 4, msg: { reason: 'interrupted' } })
    expect((await get(url)).body).toMatchObject({ status: 'idle', active_task: null })
  })

  test('is answered while the task has not ended yet', async () => {
    await using conversation = await conversationIn('aborting')
    const { url, task } = conversation
    expect(task?.signal.aborted).toBe(true)
    expect((await get(url)).body).toMatchObject({
      status: 'running',
      active_task: { submission_id: '0' },
    })
    expect(await toldAfter(url, 3)).toEqual([])
  })

  test('twice ends the task once', async () => {
    await using conversation = await conversationIn('aborting')
    const { url, task } = conversation
    const { status, body } = await submit(url, { type: 'interrupt' })
    expect([status, body.outcome]).toEqual([202, 'interrupted'])
    task?.complete()
    await untilTold(url, '0 turn_aborted')
    expect(await toldAfter(url, 3)).toEqual(['0 turn_aborted'])
  })

  test('where nothing runs is answered idle and says nothing', async () => {
    await using server = await startServer()
    const url = await createConversation(server.url)
    const { status, body } = await submit(url, { type: 'interrupt' })
    expect([status, body]).toEqual([202, { submission_id: '0', outcome: 'idle', after: 1 }])
    expect(await toldAfter(url, 1)).toEqual([])
  })

  test('of a closed conversation is refused', async () => {
    await using conversation = await conversationIn('closed')
    const { status, body } = await submit(conversation.url, { type: 'interrupt' })
    expect([status, body.code]).toEqual([409, 'conversation_closed'])
  })

  test('keeps the queue; the next one starts after the end', async () => {
    await using conversation = await conversationIn('running')
    const { url, agent } = conversation
    await submit(url, queued('one'))
    await submit(url, queued('two'))
    await submit(url, { type: 'interrupt' })
    const next = await agent.nextTask()
    expect(next.task.submissionId).toBe('1')
    expect(next.signal.aborted).toBe(false)
    expect(await toldAfter(url, 5)).toEqual(['0 turn_aborted', '1 task_started'])
    expect((await get(url)).body.queued).toEqual(['2'])
  })

  test('with clear_queue drops the queue; each dropped one is told', async () => {
    await using conversation = await conversationIn('running')
    const { url } = conversation
    await submit(url, queued('one'))
    await submit(url, queued('two'))
    const { body } = await submit(url, { type: 'interrupt', clear_queue: true })
    await untilTold(url, '0 turn_aborted')
    const events = await eventsAfter(url, body.after)
    expect(events.map(({ submission_id, msg }) => [submission_id, msg])).toEqual(
      ['1', '2', '0'].map((id) => [id, { type: 'turn_aborted', reason: 'interrupted' }]),
    )
    expect((await get(url)).body).toMatchObject({ status: 'idle', queued: [] })
  })

  test('what comes between it and the end runs as a turn of its own', async () => {
    await using conversation = await conversationIn('aborting')
    const { url, task, agent } = conversation
    await submit(url, say('on'))
    expect(task?.steered).toEqual([])
    task?.complete('too late')
    const next = await agent.nextTask()
    expect(next.task.items).toEqual([{ type: 'text', text: 'on' }])
    const events = await eventsAfter(url, 4)
    expect(events.map(({ submission_id, msg }) => [submission_id, msg])).toEqual([
      ['0', { type: 'turn_aborted', reason: 'interrupted' }],
      ['2', { type: 'task_started' }],
    ])
  })

  test('nothing that a task says after its abort gets into the log', async () => {
    await using conversation = await conversationIn('aborting')
    const { url, task } = conversation
    await task?.say('too late')
    await task?.emit({ type: 'agent_message', message: 'too late' })
    task?.complete('too late')
    await untilTold(url, '0 turn_aborted')
    expect(await toldAfter(url, 3)).toEqual(['0 turn_aborted'])
  })
})

describe('a full queue', () => {
  test('refuses more with 429 until there is room', async () => {
    const agent = createFakeAgent()
    await using server = await startServer({ agent, limits: { maxQueuedSubmissions: 2 } })
    const url = await createConversation(server.url)
    await submit(url, say('runs'))
    expect((await submit(url, queued('one'))).status).toBe(202)
    expect((await submit(url, queued('two'))).status).toBe(202)
    const refused = await submit(url, queued('three'))
    expect([refused.status, refused.body.code]).toEqual([429, 'queue_full'])
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
    expect((await get(url)).body.queued).toEqual(['1', '2'])

    const task = await agent.nextTask()
    task.complete()
    await agent.nextTask()
    expect((await submit(url, queued('three'))).body).toMatchObject({ submission_id: '3' })
  })

  test('does not hold up an interrupt', async () => {
    const agent = createFakeAgent()
    await using server = await startServer({ agent, limits: { maxQueuedSubmissions: 1 } })
    const url = await createConversation(server.url)
    await submit(url, say('runs'))
    await submit(url, queued('one'))
    const { status } = await submit(url, { type: 'interrupt', clear_queue: true })
    expect(status).toBe(202)
    await untilTold(url, '0 turn_aborted')
    expect((await submit(url, say('again'))).body.outcome).toBe('started')
  })

  test('of a burst: what was taken runs, the rest was refused', async () => {
    const agent = createFakeAgent()
    await using server = await startServer({ agent, limits: { maxQueuedSubmissions: 5 } })
    const url = await createConversation(server.url)
    const burst = Array.from({ length: 40 }, (_, n) => submit(url, queued(`${n}`)))
    const answers = await Promise.all(burst)
    const taken = answers.filter(({ status }) => status === 202)
    expect(answers.every(({ status }) => status === 202 || status === 429)).toBe(true)
    expect(taken.length).toBeLessThanOrEqual(6)
    const ids = taken.map(({ body }) => Number(body.submission_id)).toSorted((a, b) => a - b)
    expect(ids).toEqual(taken.map((_, n) => n))
    for (const id of ids) {
      const task = await agent.nextTask()
      expect(task.task.submissionId).toBe(String(id))
      task.complete()
    }
  })
})
