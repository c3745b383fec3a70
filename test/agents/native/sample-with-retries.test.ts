import { describe, expect, it } from 'vitest'
import { openSession, outline, startTask } from '../../support/native-task.ts'
import { failed, textDelta } from '../../support/responses-events.ts'
import {
  cut,
  errorStatus,
  stall,
  stream,
  textAnswer,
  type Script,
} from '../../support/responses-scripts.ts'

async function run(scripts: readonly Script[], idleTimeoutMs = 5000) {
  await using opened = await openSession({ idleTimeoutMs })
  opened.server.script(...scripts)
  const task = startTask(opened.session, 'hi')
  const end = await task.end
  const announced = task.msgs.flatMap((msg) => (msg.type === 'stream_error' ? [msg.message] : []))
  return {
    end,
    announced,
    requests: opened.server.requests.length,
    history: outline(opened.session),
  }
}

function repeat(script: Script, times: number): readonly Script[] {
  return Array.from({ length: times }, () => script)
}

const serverError = errorStatus(500, { message: 'oops' })
const answer = textAnswer('hello')

describe('a request the server does not take', () => {
  it.each([
    ['429', errorStatus(429, { message: 'slow down' })],
    ['500', serverError],
    ['503', errorStatus(503, {})],
    ['no answer', cut],
  ])('is sent again after %s', async (_, script) => {
    const { end, announced, requests } = await run([script, answer])
    expect(end).toEqual({ status: 'completed', lastAgentMessage: 'hello' })
    expect(announced).toHaveLength(1)
    expect(requests).toBe(2)
  })

  it('is sent again four times, each time announced', async () => {
    const { end, announced, requests } = await run(repeat(serverError, 5))
    const why = "the model's server answered 500: oops"
    expect(announced.map((message) => message.replace(/in \d+ ms$/, 'in N ms'))).toEqual(
      [1, 2, 3, 4].map((n) => `stream error: ${why}; retrying ${n}/4 in N ms`),
    )
    expect(end).toEqual({
      status: 'failed',
      code: 'model_unreachable',
      message: `${why}; gave up (retries: 4)`,
    })
    expect(requests).toBe(5)
  })

  it.each([
    ['401', errorStatus(401, {}), 'model_auth'],
    ['a spent quota', errorStatus(429, { type: 'usage_limit_reached' }), 'model_quota'],
    ['400', errorStatus(400, {}), 'model_rejected'],
    ['a full context', stream(failed('context_length_exceeded')), 'context_window_exceeded'],
    ['a bad prompt', stream(failed('invalid_prompt')), 'model_rejected'],
  ])('is not sent again after %s', async (_, script, code) => {
    const { end, announced, requests } = await run([script])
    expect(end).toMatchObject({ status: 'failed', code })
    expect(announced).toEqual([])
    expect(requests).toBe(1)
  })
})

describe('a stream that broke off', () => {
  it.each([
    ['a cut', stream(textDelta('hel'), cut)],
    ['an early end', stream(textDelta('hel'))],
    ['a failure', stream(textDelta('hel'), failed('server_error'))],
  ])('is sampled again after %s', async (_, script) => {
    const { end, requests, history } = await run([script, answer])
    expect(end).toEqual({ status: 'completed', lastAgentMessage: 'hello' })
    expect(requests).toBe(2)
    expect(history).toEqual(['user: hi', 'assistant: hello'])
  })

  it('is sampled again after a time without events', async () => {
    const { end, announced } = await run([stream(textDelta('hel'), stall), answer], 300)
    expect(end).toEqual({ status: 'completed', lastAgentMessage: 'hello' })
    expect(announced[0]).toMatch(/sent nothing for 0.3 s; retrying 1\/5 in 1 ms$/)
  })

  it('is sampled again five times', async () => {
    const { end, announced, requests } = await run(repeat(stream(textDelta('hel'), cut), 6))
    expect(announced).toHaveLength(5)
    expect(end).toMatchObject({ status: 'failed', code: 'model_unreachable' })
    expect(requests).toBe(6)
  })

  it('does not use up the retries of requests', async () => {
    const both = [serverError, stream(textDelta('hel'), cut)]
    const { end, announced } = await run([...both, ...both, ...both, ...both, answer])
    expect(end).toMatchObject({ status: 'completed' })
    expect(announced.map((message) => /\d\/\d/.exec(message)?.[0])).toEqual(
      [1, 2, 3, 4].flatMap((n) => [`${n}/4`, `${n}/5`]),
    )
  })

  it('leaves what was said last, also when nothing could be said after it', async () => {
    const { end, history } = await run([stream(textDelta('hel'), cut), errorStatus(400, {})])
    expect(end).toMatchObject({ status: 'failed', code: 'model_rejected' })
    expect(history).toEqual(['user: hi', 'assistant (incomplete): hel'])
  })
})

describe('the wait before a retry', () => {
  it('is what the server asks for', async () => {
    const { announced } = await run([
      errorStatus(503, {}, { 'retry-after': '0.02' }),
      stream(failed('rate_limit_exceeded', 'Please try again in 25ms.')),
      answer,
    ])
    expect(announced.map((message) => /in \d+ ms$/.exec(message)?.[0])).toEqual([
      'in 20 ms',
      'in 25 ms',
    ])
  })

  it('ends with an interrupt, and what was said stays', async () => {
    await using opened = await openSession({
      retries: { baseDelayMs: 2 ** 30, maxDelayMs: 2 ** 30 },
    })
    opened.server.script(stream(textDelta('hel'), cut))
    const waiting = Promise.withResolvers<void>()
    const task = startTask(opened.session, 'hi', {
      onMsg: (msg) => {
        if (msg.type === 'stream_error') setImmediate(waiting.resolve)
      },
    })
    await waiting.promise
    task.abort()
    await task.end
    expect(opened.server.requests).toHaveLength(1)
    expect(outline(opened.session)).toEqual([
      'user: hi',
      'assistant (incomplete): hel',
      'interrupted',
    ])
  })
})
