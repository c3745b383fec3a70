import { describe, expect, test } from 'vitest'
import { conversationIn } from '../support/conversation-in-state.ts'
import { createFakeAgent } from '../support/fake-agent.ts'
import { createConversation, say } from '../support/http.ts'
import { eventsAfter, submit, submitAndWait, toldAfter, untilTold } from '../support/submissions.ts'
import { startServer } from '../support/test-server.ts'

const tokens = {
  input_tokens: 10,
  cached_input_tokens: 4,
  output_tokens: 3,
  reasoning_output_tokens: 1,
  total_tokens: 13,
}

describe('Prefer: wait', () => {
  test('answers how the task ended: completed', async () => {
    const agent = createFakeAgent({
      async runTask(task) {
        await task.emit({ type: 'token_count', ...tokens })
        await task.emit({ type: 'token_count', ...tokens })
        task.complete('done')
      },
    })
    await using server = await startServer({ agent })
    const url = await createConversation(server.url)
    const { status, headers, body } = await submit(url, say('a'), { prefer: 'wait=30' })
    expect(status).toBe(200)
    expect(headers.get('preference-applied')).toBe('wait=30')
    expect(body).toEqual({
      submission_id: '0',
      status: 'completed',
      last_agent_message: 'done',
      error: null,
      usage: {
        input_tokens: 20,
        cached_input_tokens: 8,
        output_tokens: 6,
        reasoning_output_tokens: 2,
        total_tokens: 26,
      },
      after: 1,
      last_seq: 6,
    })
    expect((await eventsAfter(url)).at(-1)).toMatchObject({
      seq: 6,
      msg: { type: 'task_complete' },
    })
  })

  test('answers how the task ended: failed', async () => {
    const agent = createFakeAgent({
      runTask: (task) => task.fail('model_quota', 'The quota is spent.'),
    })
    await using server = await startServer({ agent })
    const url = await createConversation(server.url)
    const { status, body } = await submitAndWait(url, say('a'))
    expect([status, body]).toEqual([
      200,
      {
        submission_id: '0',
        status: 'failed',
        last_agent_message: null,
        error: { code: 'model_quota', message: 'The quota is spent.' },
        usage: null,
        after: 1,
        last_seq: 5,
      },
    ])
    expect((await eventsAfter(url, 3)).map((event) => event.msg)).toEqual([
      { type: 'error', code: 'model_quota', message: 'The quota is spent.' },
      { type: 'task_complete', last_agent_message: null },
    ])
  })

  test('answers how the task ended: aborted', async () => {
    const agent = createFakeAgent()
    await using server = await startServer({ agent })
    const url = await createConversation(server.url)
    const waiting = submitAndWait(url, say('a'))
    await agent.nextTask()
    await submit(url, { type: 'interrupt' })
    const { status, body } = await waiting
    expect([status, body]).toMatchObject([
      200,
      { submission_id: '0', status: 'aborted', last_agent_message: null, error: null, last_seq: 4 },
    ])
  })

  test.each([0, 1])('of %i seconds answers 202 when they run out', async (seconds) => {
    const agent = createFakeAgent()
    await using server = await startServer({ agent })
    const url = await createConversation(server.url)
    const answer = await submit(url, say('a'), { prefer: `wait=${seconds}` })
    expect(answer.status).toBe(202)
    expect(answer.headers.get('preference-applied')).toBe(`wait=${seconds}`)
    expect(answer.body).toEqual({ submission_id: '0', outcome: 'started', after: 1 })
    const task = await agent.nextTask()
    expect(task.signal.aborted).toBe(false)
  })

  test('twice at once: each gets its own answer', async () => {
    await using conversation = await conversationIn('idle')
    const { url, agent } = conversation
    const first = submitAndWait(url, say('one'))
    const one = await agent.nextTask()
    const second = submitAndWait(url, say('two', { delivery: 'queue' }))
    await untilTold(url, '1 user_message')
    one.complete('first answer')
    const two = await agent.nextTask()
    two.complete('second answer')
    expect((await first).body).toMatchObject({
      submission_id: '0',
      last_agent_message: 'first answer',
      after: 1,
      last_seq: 5,
    })
    expect((await second).body).toMatchObject({
      submission_id: '1',
      last_agent_message: 'second answer',
      after: 3,
      last_seq: 7,
    })
  })

  test('of a steered message waits for the task it joined', async () => {
    await using conversation = await conversationIn('running')
    const { url, task } = conversation
    const steered = submitAndWait(url, say('more'))
    await untilTold(url, '1 user_message')
    task?.complete('both')
    const { status, body } = await steered
    expect([status, body]).toMatchObject([
      200,
      {
        submission_id: '1',
        status: 'completed',
        last_agent_message: 'both',
        after: 3,
        last_seq: 5,
      },
    ])
  })

  test('of a queued message that is dropped is answered aborted', async () => {
    await using conversation = await conversationIn('running')
    const { url } = conversation
    const queued = submitAndWait(url, say('later', { delivery: 'queue' }))
    await untilTold(url, '1 user_message')
    await submit(url, { type: 'interrupt', clear_queue: true })
    expect((await queued).body).toMatchObject({ submission_id: '1', status: 'aborted' })
  })

  test('with a repeated Idempotency-Key waits for the first submission', async () => {
    await using conversation = await conversationIn('idle')
    const { url, agent } = conversation
    const headers = { 'idempotency-key': 'k', prefer: 'wait=60' }
    const first = submit(url, say('a'), headers)
    const task = await agent.nextTask()
    const again = submit(url, say('a'), headers)
    task.complete('once')
    const answers = await Promise.all([first, again, submit(url, say('a'), headers)])
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200])
    expect(answers[1].body).toEqual(answers[0].body)
    expect(answers[2].body).toEqual(answers[0].body)
    expect(await toldAfter(url, 1)).toEqual(['0 user_message', '0 task_started', '0 task_complete'])
  })

  test.each([
    'wait=5',
    'WAIT = 5',
    'wait="5"',
    'respond-async, wait=5',
    'wait=5; foo=bar',
    'handling=lenient, wait=005',
  ])('is understood: %s', async (prefer) => {
    await using server = await startServer({
      agent: createFakeAgent({ runTask: (task) => task.complete() }),
    })
    const url = await createConversation(server.url)
    const answer = await submit(url, say('a'), { prefer })
    expect([answer.status, answer.headers.get('preference-applied')]).toEqual([200, 'wait=5'])
  })

  test.each(['respond-async', 'waiting=5', 'return=minimal', ''])(
    'is not meant by %s',
    async (prefer) => {
      await using server = await startServer()
      const url = await createConversation(server.url)
      const answer = await submit(url, say('a'), { prefer })
      expect([answer.status, answer.headers.get('preference-applied')]).toEqual([202, null])
    },
  )

  test.each(['wait=601', 'wait=99999999999', 'wait=-1', 'wait=1.5', 'wait=soon', 'wait=', 'wait'])(
    'is refused, and nothing is done: %s',
    async (prefer) => {
      await using server = await startServer()
      const url = await createConversation(server.url)
      const answer = await submit(url, say('a'), { prefer })
      expect([answer.status, answer.body.code]).toEqual([400, 'invalid_request'])
      expect(await toldAfter(url, 1)).toEqual([])
    },
  )

  test.each([
    { type: 'interrupt' },
    { type: 'get_history' },
    { type: 'override_turn_context' },
    { type: 'shutdown' },
  ])('does not hold up what has no task: $type', async (op) => {
    await using conversation = await conversationIn('running')
    const answer = await submitAndWait(conversation.url, op)
    expect([answer.status, answer.headers.get('preference-applied')]).toEqual([202, null])
  })

  test('a caller that leaves while it waits leaves the task alone', async () => {
    await using conversation = await conversationIn('idle')
    const { url, agent } = conversation
    const caller = new AbortController()
    const waiting = fetch(`${url}/submissions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', prefer: 'wait=60' },
      body: JSON.stringify(say('a')),
      signal: caller.signal,
    })
    const task = await agent.nextTask()
    caller.abort()
    await expect(waiting).rejects.toThrow('aborted')
    const steered = submitAndWait(url, say('still there?'))
    await untilTold(url, '1 user_message')
    expect(task.signal.aborted).toBe(false)
    task.complete('done')
    expect((await steered).body.last_agent_message).toBe('done')
  })
})
