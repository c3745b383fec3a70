import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ModelError, type ModelEvent } from '../../../src/agents/native/model-client.ts'
import {
  createResponsesClient,
  type ResponsesClientOptions,
} from '../../../src/agents/native/responses-client.ts'
import { collect, modelRequest } from '../../support/model-client-suite.ts'
import {
  answerEvents,
  completed,
  created,
  failed,
  incomplete,
  itemDone,
  messageAdded,
  messageDone,
  rawReasoningDelta,
  reasoningDone,
  summaryDelta,
  summaryPartAdded,
  textDelta,
} from '../../support/responses-events.ts'
import {
  bytes,
  createGate,
  cut,
  encodeEvent,
  errorStatus,
  stall,
  status,
  stream,
  textAnswer,
  type Exchange,
  type Script,
} from '../../support/responses-scripts.ts'
import { startResponsesServer } from '../../support/responses-server.ts'

const apiKey = 'test-key-0123456789'

async function open(options: Partial<ResponsesClientOptions> = {}) {
  const server = await startResponsesServer()
  const client = createResponsesClient({ baseUrl: server.baseUrl, apiKey, ...options })
  return {
    server,
    client,
    sample: (signal = new AbortController().signal) => client.sample(modelRequest('hi'), signal),
    async [Symbol.asyncDispose]() {
      await client.close()
      await server[Symbol.asyncDispose]()
    },
  }
}

async function eventsOf(script: Script): Promise<ModelEvent[]> {
  await using opened = await open()
  opened.server.script(script)
  return await collect(opened.sample())
}

async function errorOf(script: Script, options: Partial<ResponsesClientOptions> = {}) {
  await using opened = await open(options)
  opened.server.script(script)
  return await failureOf(opened.sample())
}

function messageOf(script: Script): Promise<string> {
  return errorOf(script).then((error) => error.message)
}

async function failureOf(events: AsyncIterable<ModelEvent>): Promise<ModelError> {
  const error: unknown = await collect(events).then(
    () => null,
    (thrown: unknown) => thrown,
  )
  if (!(error instanceof ModelError)) throw new Error('not a ModelError', { cause: error })
  return error
}

async function endlessPage(exchange: Exchange): Promise<void> {
  exchange.response.writeHead(500).write('oh')
  await stall(exchange)
}

/** Sends requests until one comes over the first one's connection, which needs a moment to be free. */
async function connectionsUntilReuse({ sample, server }: Awaited<ReturnType<typeof open>>) {
  do await collect(sample())
  while (
    server.requests.length < 2 ||
    server.requests.at(-1)?.connection !== server.requests[0]?.connection
  )
  return new Set(server.requests.map((request) => request.connection)).size
}

function typesOf(events: readonly ModelEvent[]) {
  return events.map((event) => event.type)
}

describe('the request', () => {
  it('is a streaming POST with the key', async () => {
    await using opened = await open({ provider: 'other' })
    await collect(opened.sample())
    const request = await opened.server.arrived(1)
    expect(request).toMatchObject({
      path: '/v1/responses',
      headers: {
        authorization: `Bearer ${apiKey}`,
        accept: 'text/event-stream',
        'content-type': 'application/json',
      },
      body: { model: 'some-model', stream: true, store: false },
    })
    expect(opened.client.provider).toBe('other')
  })

  it('takes a base URL that ends in slashes', async () => {
    await using server = await startResponsesServer()
    const client = createResponsesClient({ baseUrl: `${server.baseUrl}//`, apiKey })
    await collect(client.sample(modelRequest('hi'), new AbortController().signal))
    await client.close()
    expect(server.requests[0]?.path).toBe('/v1/responses')
  })

  it('goes over a connection used before', async () => {
    await using opened = await open()
    expect(await connectionsUntilReuse(opened)).toBeLessThanOrEqual(2)
  })

  it('goes over a connection used before also after a refusal', async () => {
    await using opened = await open()
    opened.server.script(errorStatus(400, { message: 'no' }))
    await failureOf(opened.sample())
    expect(await connectionsUntilReuse(opened)).toBeLessThanOrEqual(2)
  })
})

describe('the stream', () => {
  it('is read into events', async () => {
    const events = await eventsOf(
      stream(
        created(),
        summaryPartAdded(),
        summaryDelta('think'),
        rawReasoningDelta('raw'),
        reasoningDone('rs_1', {
          summary: [{ type: 'summary_text', text: 'think' }],
          content: [
            { type: 'reasoning_text', text: 'ra' },
            { type: 'reasoning_text', text: 'w' },
          ],
          encrypted_content: 'secret',
        }),
        messageAdded(),
        textDelta('hel'),
        textDelta('lo'),
        messageDone('hello'),
        completed({ input: 7, cached: 3, output: 5, reasoning: 2 }),
      ),
    )
    expect(events).toEqual([
      { type: 'reasoning_section_break' },
      { type: 'reasoning_delta', delta: 'think' },
      { type: 'reasoning_raw_delta', delta: 'raw' },
      {
        type: 'item_done',
        item: {
          type: 'reasoning',
          id: 'rs_1',
          summary: [{ type: 'summary_text', text: 'think' }],
          encrypted_content: 'secret',
        },
        rawReasoning: 'raw',
      },
      { type: 'text_delta', itemId: 'msg_1', delta: 'hel' },
      { type: 'text_delta', itemId: 'msg_1', delta: 'lo' },
      {
        type: 'item_done',
        item: {
          type: 'message',
          role: 'assistant',
          id: 'msg_1',
          status: 'completed',
          content: [{ type: 'output_text', text: 'hello' }],
        },
      },
      {
        type: 'completed',
        usage: {
          input_tokens: 7,
          cached_input_tokens: 3,
          output_tokens: 5,
          reasoning_output_tokens: 2,
          total_tokens: 12,
        },
      },
    ])
  })

  it('says why the model stopped early', async () => {
    const events = await eventsOf(stream(textDelta('hel'), incomplete('max_output_tokens')))
    expect(events.at(-1)).toMatchObject({ type: 'completed', incomplete: 'max_output_tokens' })
  })

  it('keeps an item that the server itself marks as incomplete', async () => {
    const item = { type: 'message', id: 'msg_1', status: 'incomplete', content: [] }
    const [event] = await eventsOf(stream(itemDone(item), incomplete('max_output_tokens')))
    expect(event).toMatchObject({ type: 'item_done', item: { id: 'msg_1', status: 'incomplete' } })
  })

  it('may end without usage, with usage of another shape, or without a response', async () => {
    for (const end of [
      completed(null),
      { type: 'response.completed', response: { usage: { input_tokens: 'many' } } },
      { type: 'response.completed' },
    ]) {
      expect(await eventsOf(stream(end))).toEqual([{ type: 'completed', usage: null }])
    }
  })

  it('reads usage without details', async () => {
    const usage = { input_tokens: 1, output_tokens: 2, total_tokens: 3 }
    const [end] = await eventsOf(stream({ type: 'response.completed', response: { usage } }))
    expect(end).toMatchObject({ usage: { ...usage, cached_input_tokens: 0 } })
  })

  it('takes a refusal for text and keeps the phase', async () => {
    const content = [{ type: 'refusal', refusal: 'no' }, { type: 'later' }]
    const events = await eventsOf(
      stream(
        { type: 'response.refusal.delta', item_id: 'msg_1', delta: 'no' },
        itemDone({ type: 'message', id: 'msg_1', phase: 'commentary', content }),
        completed(),
      ),
    )
    expect(events.slice(0, 2)).toEqual([
      { type: 'text_delta', itemId: 'msg_1', delta: 'no' },
      {
        type: 'item_done',
        item: {
          type: 'message',
          role: 'assistant',
          id: 'msg_1',
          status: 'completed',
          content: [{ type: 'output_text', text: 'no' }],
          phase: 'commentary',
        },
      },
    ])
  })

  it('takes the id of a delta from the item added before, or makes one up', async () => {
    const delta = { type: 'response.output_text.delta', delta: 'x' }
    const item = { type: 'message', content: [{ type: 'output_text', text: 'x' }] }
    const events = await eventsOf(
      stream(messageAdded('msg_a'), delta, itemDone(item), delta, itemDone(item), completed()),
    )
    const ids = events.flatMap((event) => {
      if (event.type === 'text_delta') return [event.itemId]
      return event.type === 'item_done' ? [event.item.id] : []
    })
    expect(ids).toEqual(['msg_a', 'msg_a', ids[2], ids[2]])
    expect(ids[2]).toMatch(/^msg_[0-9a-f]{32}$/)
  })

  it('passes over bad JSON, unknown events and items of unknown types', async () => {
    const events = await eventsOf(
      stream(
        bytes(': comment\n\ndata: {"type":\n\ndata: null\n\ndata: [DONE]\n\nnonsense\n\n'),
        { type: 'response.new.thing' },
        { type: 'response.output_text.delta', delta: 5 },
        itemDone({ type: 'function_call', id: 'fc_1', name: 'f', arguments: '{}' }),
        textDelta('hello'),
        completed(),
      ),
    )
    expect(typesOf(events)).toEqual(['text_delta', 'completed'])
  })

  it('is read right when it is cut inside a UTF-8 character', async () => {
    const text = 'Grüße 👋🏽'
    const whole = Buffer.from(encodeEvent(textDelta(text)))
    const first = whole.findIndex((byte) => byte >= 0xf0)
    for (const at of [first + 1, first + 2, first + 3]) {
      await using opened = await open()
      const gate = createGate()
      opened.server.script(
        stream(
          bytes(Buffer.concat([Buffer.from(encodeEvent(textDelta('-'))), whole.subarray(0, at)])),
          gate.wait,
          bytes(whole.subarray(at)),
          completed(),
        ),
      )
      const deltas: string[] = []
      for await (const event of opened.sample()) {
        if (event.type === 'text_delta') deltas.push(event.delta)
        gate.open()
      }
      expect(deltas).toEqual(['-', text])
    }
  })

  it('is read the same however its bytes are cut', async () => {
    const data = Buffer.from(answerEvents('Grüße 👋🏽 aus Zürich').map(encodeEvent).join(''))
    await using opened = await open()
    const expected = await eventsOf(stream(bytes(data)))
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(data.length), { maxLength: 20 }),
        fc.constantFrom('\n', '\r\n', '\r'),
        async (cuts, lineEnd) => {
          const marks = [0, ...cuts.toSorted((left, right) => left - right), data.length]
          const pieces = marks
            .slice(1)
            .map((mark, index) => data.toString('latin1', marks[index], mark))
          opened.server.script(
            stream(...pieces.map((piece) => bytes(latin1(piece.replaceAll('\n', lineEnd))))),
          )
          expect(await collect(opened.sample())).toEqual(expected)
        },
      ),
      { numRuns: 60 },
    )
  })

  it('never fails with anything but a ModelError, whatever the server sends', async () => {
    await using opened = await open({ maxEventChars: 2000 })
    const json = fc.json().map((text) => Buffer.from(`data: ${text}\n\n`))
    const nearly = fc
      .record({
        type: fc.constantFrom(
          'response.output_item.added',
          'response.output_item.done',
          'response.output_text.delta',
          'response.completed',
          'response.incomplete',
          'response.failed',
          'error',
        ),
        item: fc.oneof(
          fc.jsonValue(),
          fc.record({ type: fc.constant('message'), content: fc.jsonValue() }),
        ),
        response: fc.jsonValue(),
        delta: fc.jsonValue(),
        error: fc.jsonValue(),
      })
      .map((event) => Buffer.from(`data: ${JSON.stringify(event)}\n\n`))
    const garbage = fc.uint8Array({ maxLength: 3000 })
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(garbage, json, nearly), { maxLength: 5 }),
        async (parts) => {
          opened.server.script(stream(...parts.map((part) => bytes(part))))
          const ended = await collect(opened.sample()).catch((error: unknown) => error)
          expect(Array.isArray(ended) || ended instanceof ModelError).toBe(true)
        },
      ),
      { numRuns: 200 },
    )
  })

  it('never fails with anything but a ModelError when the server does not speak HTTP', async () => {
    await using opened = await open()
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 200 }), async (data) => {
        opened.server.script(async ({ response }) => {
          response.socket?.end(data)
        })
        expect((await failureOf(opened.sample())).failure.retry).toBe('request')
      }),
      { numRuns: 50 },
    )
  })
})

describe('a stream that breaks', () => {
  const broken = { code: 'model_unreachable', retry: 'stream' }

  it.each([
    ['is cut', stream(created(), textDelta('hel'), cut)],
    ['ends before its response', stream(created(), textDelta('hel'))],
    ['is no stream', status(200, '<html>hello</html>')],
    ['fails at the server', stream(failed('server_error'))],
    ['fails for a reason not known', stream(failed('brand_new'))],
    ['fails without a reason', stream({ type: 'response.failed' })],
    ['sends an error', stream({ type: 'error', code: 'server_error', message: 'oops' })],
  ])('can be tried again when it %s', async (_, script) => {
    expect((await errorOf(script)).failure).toMatchObject(broken)
  })

  it('says what the server said', async () => {
    const nested = { type: 'error', error: { type: 'server_error', message: 'nested' } }
    expect((await errorOf(stream(failed('server_error', 'oops')))).message).toBe('oops')
    expect((await errorOf(stream(nested))).message).toBe('nested')
  })

  it.each([
    ['insufficient_quota', 'model_quota'],
    ['usage_not_included', 'model_quota'],
    ['context_length_exceeded', 'context_window_exceeded'],
    ['invalid_prompt', 'model_rejected'],
    ['invalid_image_url', 'model_rejected'],
  ] as const)('is not tried again when it failed with %s', async (code, expected) => {
    const { failure } = await errorOf(stream(failed(code)))
    expect(failure).toEqual({ code: expected, retry: 'never' })
  })

  it('waits as long as it likes when nothing but its words ask for a wait', async () => {
    const { failure } = await errorOf(stream(failed('server_error', 'Please try again in 20 s')))
    expect(failure).toEqual({ ...broken, retryAfterMs: undefined })
  })

  it.each([
    ['Rate limit reached. Please try again in 1.5s.', 1500],
    ['Please try again in 20 s', 20_000],
    ['Please try again in 28ms.', 28],
    ['Please try again later.', undefined],
  ])('waits as a rate limit asks: %s', async (message, retryAfterMs) => {
    const { failure } = await errorOf(stream(failed('rate_limit_exceeded', message)))
    expect(failure).toEqual({ ...broken, retryAfterMs })
  })

  it('is given up when no event comes in time, whatever else comes', async () => {
    await using opened = await open({ idleTimeoutMs: 50 })
    opened.server.script(
      stream(created(), textDelta('hel'), async ({ response }) => {
        const comments = setInterval(() => response.write(': still here\n\n'), 5)
        await opened.server.clientLeft(1)
        clearInterval(comments)
      }),
    )
    const error = await failureOf(opened.sample())
    expect(error.failure).toEqual(broken)
    expect(error.message).toBe("the model's server sent nothing for 0.05 s")
  })

  it('is refused when one event is too large, whether its end comes or not', async () => {
    const large = encodeEvent(textDelta('x'.repeat(5000)))
    for (const text of [large, large.trimEnd()]) {
      const script = stream(bytes(text), stall)
      const { failure } = await errorOf(script, { maxEventChars: 1000, idleTimeoutMs: 5000 })
      expect(failure).toEqual({ code: 'model_incomplete', retry: 'never' })
    }
  })
})

describe('a request that is refused', () => {
  it.each([
    [401, {}, 'model_auth', 'never'],
    [403, { message: 'not in your country' }, 'model_auth', 'never'],
    [429, { type: 'usage_limit_reached' }, 'model_quota', 'never'],
    [429, { type: 'usage_not_included' }, 'model_quota', 'never'],
    [429, { code: 'insufficient_quota' }, 'model_quota', 'never'],
    [429, { code: 'rate_limit_exceeded' }, 'model_unreachable', 'request'],
    [429, {}, 'model_unreachable', 'request'],
    [500, {}, 'model_unreachable', 'request'],
    [503, {}, 'model_unreachable', 'request'],
    [400, { code: 'context_length_exceeded' }, 'context_window_exceeded', 'never'],
    [400, { message: 'no such model' }, 'model_rejected', 'never'],
    [404, {}, 'model_rejected', 'never'],
    [302, {}, 'model_rejected', 'never'],
  ] as const)('with %i %o is %s, to be tried again: %s', async (code, error, expected, retry) => {
    const { failure } = await errorOf(errorStatus(code, error))
    expect(failure).toMatchObject({ code: expected, retry })
  })

  it('says what the server said', async () => {
    const answered = "the model's server answered 400"
    const bodies = [
      [{ error: { message: 'no such\n model' } }, `${answered}: no such model`],
      [{ error: 'plain' }, `${answered}: plain`],
      [{ detail: 'detailed' }, `${answered}: detailed`],
      ['just words', `${answered}: just words`],
      ['<html>Bad Gateway</html>', answered],
      ['', answered],
    ] as const
    for (const [body, message] of bodies) {
      expect(await messageOf(status(400, body))).toBe(message)
    }
    expect((await messageOf(status(400, 'x'.repeat(10_000)))).length).toBeLessThan(600)
  })

  it.each([
    ['2', 2000],
    ['0.5', 500],
    ['0', 0],
    ['-1', 0],
    ['soon', undefined],
    ['Thu, 01 Jan 1970 00:00:00 GMT', 0],
  ])('waits as Retry-After: %s asks', async (value, retryAfterMs) => {
    const { failure } = await errorOf(errorStatus(503, {}, { 'retry-after': value }))
    expect(failure.retryAfterMs).toBe(retryAfterMs)
  })

  it('waits until a date in Retry-After', async () => {
    const at = new Date(Date.now() + 3_600_000).toUTCString()
    const { failure } = await errorOf(errorStatus(429, {}, { 'retry-after': at }))
    expect(failure.retryAfterMs).toBeGreaterThan(3_000_000)
    expect(failure.retryAfterMs).toBeLessThanOrEqual(3_600_000)
  })

  it('waits as the message of a rate limit asks where no header does', async () => {
    const error = { code: 'rate_limit_exceeded', message: 'Please try again in 3s.' }
    expect((await errorOf(errorStatus(429, error))).failure.retryAfterMs).toBe(3000)
  })

  it('reads only the start of an endless page', async () => {
    await using opened = await open()
    opened.server.script(async ({ response }) => {
      response.writeHead(500)
      const more = () => {
        while (!response.destroyed && response.write('x'.repeat(16_384)));
      }
      response.on('drain', more)
      more()
    })
    expect((await failureOf(opened.sample())).failure.retry).toBe('request')
    await opened.server.clientLeft(1)
  })

  it('waits only a moment for the rest of a page', async () => {
    expect(await messageOf(endlessPage)).toBe("the model's server answered 500: oh")
  })

  it('can be tried again when there is no server, or none that answers', async () => {
    const server = await startResponsesServer()
    const client = createResponsesClient({ baseUrl: server.baseUrl, apiKey })
    await server[Symbol.asyncDispose]()
    const sampling = client.sample(modelRequest('hi'), new AbortController().signal)
    const error = await failureOf(sampling)
    await client.close()
    expect(error.message).toBe("the model's server cannot be reached (ECONNREFUSED)")

    for (const failure of [error.failure, (await errorOf(cut)).failure]) {
      expect(failure).toEqual({ code: 'model_unreachable', retry: 'request' })
    }
    const silent = await errorOf(stall, { idleTimeoutMs: 50 })
    expect(silent.failure).toEqual({ code: 'model_unreachable', retry: 'request' })
  })
})

describe('the API key', () => {
  it.each([
    ['a 400', errorStatus(400, { message: `bad key ${apiKey}!` })],
    ['a 401', errorStatus(401, { message: `bad key test-ke***6789, sk-abc***` })],
    ['a plain page', status(500, `${'x'.repeat(490)} ${apiKey}`)],
    ['a failure', stream(failed('server_error', `bad key ${apiKey}`))],
    ['an error event', stream({ type: 'error', code: null, message: apiKey })],
    ['a masked key', stream(failed('server_error', 'bad key sk-proj-abc***6789'))],
  ])('is not repeated from %s', async (_, script) => {
    const { message } = await errorOf(script)
    expect(message).not.toMatch(/test-ke|sk-|6789/)
  })

  it('is not repeated from the reason of an incomplete response', async () => {
    const events = await eventsOf(stream(incomplete(`because of ${apiKey}`)))
    expect(JSON.stringify(events)).not.toContain(apiKey)
  })
})

describe('a server that keeps the stream open after the response', () => {
  it('delays neither the end nor the next request', async () => {
    await using opened = await open()
    opened.server.script(stream(...answerEvents('hello'), stall), textAnswer('again'))
    const first = await collect(opened.sample())
    const second = await collect(opened.sample())
    expect([first.at(-1)?.type, second.at(-1)?.type]).toEqual(['completed', 'completed'])
    await opened.server.clientLeft(1)
  })

  it('keeps its connection when the stream ends soon', async () => {
    await using opened = await open()
    const gate = createGate()
    opened.server.script(stream(...answerEvents('hello'), gate.wait))
    await collect(opened.sample())
    gate.open()
    expect(await connectionsUntilReuse(opened)).toBeLessThanOrEqual(2)
  })
})

describe('an abort', () => {
  it('ends the request at the server before it answered', async () => {
    await using opened = await open()
    const controller = new AbortController()
    const reason = new Error('enough')
    opened.server.script(stall)
    const reading = collect(opened.sample(controller.signal))
    await opened.server.arrived(1)
    controller.abort(reason)
    await expect(reading).rejects.toBe(reason)
    await opened.server.clientLeft(1)
  })

  it('ends it in the middle of the stream', async () => {
    await using opened = await open()
    const controller = new AbortController()
    const reason = new Error('enough')
    opened.server.script(stream(textDelta('hel'), stall))
    const reading = (async () => {
      for await (const _ of opened.sample(controller.signal)) {
        setImmediate(() => controller.abort(reason))
      }
    })()
    await expect(reading).rejects.toBe(reason)
    await opened.server.clientLeft(1)
  })

  it('ends the wait for the rest of an error page', async () => {
    await using opened = await open()
    const controller = new AbortController()
    const reason = new Error('enough')
    opened.server.script(async (exchange) => {
      setImmediate(() => controller.abort(reason))
      await endlessPage(exchange)
    })
    await expect(collect(opened.sample(controller.signal))).rejects.toBe(reason)
  })

  it('by a reader that just leaves ends the request too', async () => {
    await using opened = await open()
    opened.server.script(stream(textDelta('hel'), stall))
    for await (const event of opened.sample()) {
      expect(event.type).toBe('text_delta')
      break
    }
    await opened.server.clientLeft(1)
  })
})

function latin1(text: string): Buffer {
  return Buffer.from(text, 'latin1')
}
