import { describe, expect, it } from 'vitest'
import { createNativeAgent } from '../../../src/agents/native/native-agent.ts'
import { createOfflineClient } from '../../../src/agents/native/offline-client.ts'
import { openSession, outline, spawnOptions, startTask } from '../../support/native-task.ts'
import {
  answerEvents,
  completed,
  created,
  failed,
  incomplete,
  messageAdded,
  messageDone,
  rawReasoningDelta,
  reasoningDone,
  summaryDelta,
  summaryPartAdded,
  textDelta,
} from '../../support/responses-events.ts'
import {
  createGate,
  cut,
  errorStatus,
  stall,
  stream,
  textAnswer,
} from '../../support/responses-scripts.ts'

const text = (words: string) => [{ type: 'text' as const, text: words }]

function offlineSession() {
  const agent = createNativeAgent({
    clients: [createOfflineClient()],
    defaultModel: () => 'offline',
  })
  return agent.spawn(spawnOptions())
}

describe('a task', () => {
  it('says what the model streams and ends with its message', async () => {
    await using opened = await openSession()
    opened.server.script(
      stream(
        created(),
        messageAdded(),
        textDelta('hel'),
        textDelta('lo'),
        messageDone('hello'),
        completed({ input: 4, output: 2 }),
      ),
    )
    const task = startTask(opened.session, 'hi')
    expect(await task.end).toEqual({ status: 'completed', lastAgentMessage: 'hello' })
    expect(task.msgs).toEqual([
      { type: 'agent_message_delta', delta: 'hel' },
      { type: 'agent_message_delta', delta: 'lo' },
      { type: 'agent_message', message: 'hello' },
      {
        type: 'token_count',
        input_tokens: 4,
        cached_input_tokens: 0,
        output_tokens: 2,
        reasoning_output_tokens: 0,
        total_tokens: 6,
      },
    ])
    expect(outline(opened.session)).toEqual(['user: hi', 'assistant: hello'])
  })

  it('sends its settings, and the history of the tasks before', async () => {
    await using opened = await openSession()
    opened.server.script(textAnswer('hello', 'msg_a'))
    await startTask(opened.session, 'hi').end
    const context = { model: 'other', effort: 'low', summary: 'auto' } as const
    await startTask(opened.session, 'more', { context }).end
    const { body } = await opened.server.arrived(2)
    expect(body).toMatchObject({
      model: 'other',
      reasoning: { effort: 'low', summary: 'auto' },
      prompt_cache_key: 'conversation-1',
      input: [
        { role: 'user', content: [{ type: 'input_text', text: 'hi' }] },
        { role: 'assistant', id: 'msg_a', status: 'completed', content: [{ text: 'hello' }] },
        { role: 'user', content: [{ type: 'input_text', text: 'more' }] },
      ],
    })
  })

  it('says what the model thinks: each summary part, and the raw text only if asked to', async () => {
    const thinking = stream(
      summaryPartAdded(),
      summaryDelta('a'),
      summaryPartAdded(),
      summaryDelta('b'),
      rawReasoningDelta('c'),
      reasoningDone('rs_1', {
        summary: ['a', 'b'].map((part) => ({ type: 'summary_text', text: part })),
        content: [{ type: 'reasoning_text', text: 'c' }],
        encrypted_content: 'secret',
      }),
      completed(null),
    )
    const summarised = [
      { type: 'agent_reasoning_section_break' },
      { type: 'agent_reasoning_delta', delta: 'a' },
      { type: 'agent_reasoning_section_break' },
      { type: 'agent_reasoning_delta', delta: 'b' },
      { type: 'agent_reasoning', text: 'a' },
      { type: 'agent_reasoning', text: 'b' },
    ]
    const raw = [
      { type: 'agent_reasoning_raw_content_delta', delta: 'c' },
      { type: 'agent_reasoning_raw_content', text: 'c' },
    ]
    for (const showRawReasoning of [false, true]) {
      await using opened = await openSession({ showRawReasoning })
      opened.server.script(thinking)
      const task = startTask(opened.session, 'hi')
      expect(await task.end).toEqual({ status: 'completed', lastAgentMessage: null })
      const all = [...summarised.slice(0, 4), raw[0], ...summarised.slice(4), raw[1]]
      expect(task.msgs).toEqual(showRawReasoning ? all : summarised)
      expect(outline(opened.session)).toEqual(['user: hi', 'reasoning rs_1'])
    }
  })

  it('keeps no message without text', async () => {
    await using opened = await openSession()
    opened.server.script(stream(textDelta(''), messageDone(''), completed(null)))
    const task = startTask(opened.session, 'hi')
    expect(await task.end).toEqual({ status: 'completed', lastAgentMessage: null })
    expect(task.msgs).toEqual([{ type: 'agent_message_delta', delta: '' }])
    expect(outline(opened.session)).toEqual(['user: hi'])
  })

  it('fails as incomplete when the model stopped early, and keeps what it said', async () => {
    await using opened = await openSession()
    opened.server.script(
      stream(textDelta('hel'), textDelta('lo'), incomplete('max_output_tokens', { output: 2 })),
    )
    const task = startTask(opened.session, 'hi')
    expect(await task.end).toEqual({
      status: 'failed',
      code: 'model_incomplete',
      message: 'the model stopped before its end: max_output_tokens',
    })
    expect(task.msgs.at(-1)).toMatchObject({ type: 'token_count', output_tokens: 2 })
    expect(outline(opened.session)).toEqual(['user: hi', 'assistant (incomplete): hello'])
  })

  it('fails with what the server refused, and the next one works', async () => {
    await using opened = await openSession()
    opened.server.script(errorStatus(400, { message: 'no such model' }))
    expect(await startTask(opened.session, 'hi').end).toEqual({
      status: 'failed',
      code: 'model_rejected',
      message: "the model's server answered 400: no such model",
    })
    expect(await startTask(opened.session, 'again').end).toMatchObject({ status: 'completed' })
    expect(outline(opened.session)).toEqual(['user: hi', 'user: again', 'assistant: ok'])
  })
})

describe('a steered message', () => {
  it('is refused when no task runs', async () => {
    await using opened = await openSession()
    expect(opened.session.steer(text('hey'))).toBe(false)
    await startTask(opened.session, 'hi').end
    expect(opened.session.steer(text('hey'))).toBe(false)
    expect(outline(opened.session)).toEqual(['user: hi', 'assistant: ok'])
  })

  it('is sent with the next round of the same task', async () => {
    await using opened = await openSession()
    const gate = createGate()
    const [first, ...rest] = answerEvents('one', 'msg_a')
    opened.server.script(stream(first ?? created(), gate.wait, ...rest), textAnswer('two', 'msg_b'))
    const task = startTask(opened.session, 'hi')
    await opened.server.arrived(1)
    expect(opened.session.steer(text('and'))).toBe(true)
    expect(opened.session.steer([{ type: 'image', image_url: 'data:,x' }])).toBe(true)
    gate.open()
    expect(await task.end).toEqual({ status: 'completed', lastAgentMessage: 'two' })
    expect(outline(opened.session)).toEqual([
      'user: hi',
      'assistant: one',
      'user: and',
      'user: data:,x',
      'assistant: two',
    ])
    expect((await opened.server.arrived(2)).body.input).toHaveLength(4)
  })

  it('at the last moment is either answered or refused', async () => {
    const outcomes = new Set<boolean>()
    for (let microtasks = 0; microtasks < 40; microtasks += 1) {
      const session = await offlineSession()
      let taken = false
      const steerLater = (left: number) => {
        if (left > 0) queueMicrotask(() => steerLater(left - 1))
        else taken = session.steer(text('two'))
      }
      const task = startTask(session, 'one', {
        onMsg(msg) {
          if (msg.type === 'token_count' && outline(session).length === 1) steerLater(microtasks)
        },
      })
      const end = await task.end
      await new Promise(setImmediate)
      const first = ['user: one', 'assistant: one']
      const all = taken ? [...first, 'user: two', 'assistant: two'] : first
      expect(outline(session)).toEqual(all)
      expect(end).toEqual({ status: 'completed', lastAgentMessage: taken ? 'two' : 'one' })
      outcomes.add(taken)
    }
    expect(outcomes).toEqual(new Set([true, false]))
  })

  it('is kept when the task is interrupted or fails before it was sent', async () => {
    await using opened = await openSession()
    opened.server.script(stall, errorStatus(400, { message: 'no' }))
    const first = startTask(opened.session, 'one')
    await opened.server.arrived(1)
    expect(opened.session.steer(text('two'))).toBe(true)
    first.abort()
    expect(opened.session.steer(text('refused'))).toBe(false)
    await first.end
    const second = startTask(opened.session, 'three')
    expect(opened.session.steer(text('four'))).toBe(true)
    expect(await second.end).toMatchObject({ status: 'failed' })
    expect(outline(opened.session)).toEqual([
      'user: one',
      'user: two',
      'interrupted',
      'user: three',
      'user: four',
    ])
  })
})

describe('an interrupt', () => {
  it('before anything was said leaves a marker, and ends the request', async () => {
    await using opened = await openSession()
    opened.server.script(stall)
    const task = startTask(opened.session, 'hi')
    await opened.server.arrived(1)
    task.abort()
    await task.end
    await opened.server.clientLeft(1)
    expect(outline(opened.session)).toEqual(['user: hi', 'interrupted'])
  })

  it('in a message keeps what was said of it, as incomplete, with its id', async () => {
    await using opened = await openSession()
    opened.server.script(
      stream(
        ...answerEvents('done', 'msg_a').slice(0, -1),
        messageAdded('msg_b'),
        textDelta('hel', 'msg_b'),
        textDelta('lo', 'msg_b'),
        stall,
      ),
    )
    const task = startTask(opened.session, 'hi', {
      onMsg: () => {
        if (task.msgs.length === 4) task.abort()
      },
    })
    // The conversation ignores it; it is just not a failure.
    expect(await task.end).toEqual({ status: 'completed', lastAgentMessage: 'hello' })
    expect(task.msgs.map((msg) => msg.type)).toEqual([
      'agent_message_delta',
      'agent_message',
      'agent_message_delta',
      'agent_message_delta',
    ])
    expect(outline(opened.session)).toEqual([
      'user: hi',
      'assistant: done',
      'assistant (incomplete): hello',
      'interrupted',
    ])
    expect(opened.session.history()[2]).toMatchObject({ id: 'msg_b' })
    await opened.server.clientLeft(1)
  })

  it('tells the model in the next task', async () => {
    await using opened = await openSession()
    opened.server.script(stall)
    const task = startTask(opened.session, 'hi')
    await opened.server.arrived(1)
    task.abort()
    await task.end
    await startTask(opened.session, 'again').end
    const { input } = (await opened.server.arrived(2)).body
    expect(input).toMatchObject([
      { role: 'user' },
      { role: 'user', content: [{ text: expect.stringMatching(/^<turn_interrupted>\n/) }] },
      { role: 'user', content: [{ text: 'again' }] },
    ])
  })

  it('before the first request sends none', async () => {
    await using opened = await openSession()
    const task = startTask(opened.session, 'hi')
    task.abort()
    await task.end
    expect(outline(opened.session)).toEqual(['user: hi', 'interrupted'])
  })

  it('that a task ignored does not let it touch the next one', async () => {
    await using opened = await openSession()
    const stuck = createGate()
    opened.server.script(textAnswer('old', 'msg_a'), textAnswer('new', 'msg_b'))
    const said = Promise.withResolvers<void>()
    const first = startTask(opened.session, 'one', {
      async onMsg() {
        said.resolve()
        await stuck.wait()
      },
    })
    await said.promise
    first.abort()
    await startTask(opened.session, 'two').end
    stuck.open()
    await first.end
    expect(outline(opened.session)).toEqual([
      'user: one',
      'interrupted',
      'user: two',
      'assistant: new',
    ])
  })
})

describe('a broken stream', () => {
  it('is sampled again, and the history holds the answer once', async () => {
    await using opened = await openSession()
    opened.server.script(
      stream(...answerEvents('done').slice(0, -1), textDelta('hel', 'msg_2'), cut),
      textAnswer('hello there', 'msg_3'),
    )
    const task = startTask(opened.session, 'hi')
    expect(await task.end).toEqual({ status: 'completed', lastAgentMessage: 'hello there' })
    expect(outline(opened.session)).toEqual(['user: hi', 'assistant: hello there'])
    expect((await opened.server.arrived(2)).body.input).toHaveLength(1)
  })

  it('whose retries are spent leaves what was said last', async () => {
    await using opened = await openSession({ retries: { stream: 1, baseDelayMs: 1 } })
    opened.server.script(
      stream(textDelta('first'), cut),
      stream(textDelta('second'), failed('server_error', 'oops')),
    )
    expect(await startTask(opened.session, 'hi').end).toEqual({
      status: 'failed',
      code: 'model_unreachable',
      message: 'oops; gave up (retries: 1)',
    })
    expect(outline(opened.session)).toEqual(['user: hi', 'assistant (incomplete): second'])
  })
})
