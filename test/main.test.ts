import { once } from 'node:events'
import { createServer } from 'node:net'
import { describe, expect, test } from 'vitest'
import { createConversation, get, post, say, send } from './support/http.ts'
import { startProcess, urlOf, type ParleyProcess } from './support/parley-process.ts'
import { answerEvents } from './support/responses-events.ts'
import { errorStatus, stream, textAnswer } from './support/responses-scripts.ts'
import { startResponsesServer } from './support/responses-server.ts'
import { SseReader } from './support/sse-reader.ts'

/** So many words: the offline model takes some 20 ms for each. */
const words = (count: number): string => Array.from({ length: count }, (_, n) => n).join(' ')

test('this is Node 24 or later', () => {
  expect(Number(process.versions.node.split('.')[0])).toBeGreaterThanOrEqual(24)
})

describe('the process', () => {
  test('serves a conversation with the offline model', async () => {
    await using parley = await startProcess()
    const url = await urlOf(parley)
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
    const conversation = await createConversation(url)
    await using reader = await SseReader.open(`${conversation}/events`)
    const answer = await post(`${conversation}/submissions`, say('two words'), {
      prefer: 'wait=30',
    })
    expect(answer.body).toMatchObject({ status: 'completed', last_agent_message: 'two words' })
    const types = (await reader.until('task_complete')).map((event) => event.msg.type)
    expect(types).toEqual([
      'session_configured',
      'user_message',
      'task_started',
      'agent_message_delta',
      'agent_message_delta',
      'agent_message',
      'token_count',
      'task_complete',
    ])
    expect((await get(conversation)).body).toMatchObject({
      status: 'idle',
      model_provider: 'offline',
    })
    expect((await send('DELETE', conversation)).status).toBe(204)
    parley.kill('SIGTERM')
    expect(await parley.exit).toEqual({ code: 0, signal: null })
    expect(parley.stderr).toBe('')
  })

  test('says at start that the model is the offline one', async () => {
    await using parley = await startProcess()
    await parley.logged('listening')
    expect(parley.log.some(({ msg }) => msg.includes('offline model'))).toBe(true)
  })

  test('measures its event loop', async () => {
    await using parley = await startProcess()
    const metrics = await (await fetch(`${await urlOf(parley)}/metrics`)).text()
    expect(metrics).toMatch(/^nodejs_eventloop_lag_p99_seconds /m)
  })

  test('names settings it does not know and goes on', async () => {
    await using parley = await startProcess({ PARLEY_PROT: '1' })
    expect(await parley.logged('unknown setting')).toMatchObject({ name: 'PARLEY_PROT' })
    await parley.logged('listening')
  })

  test('samples a model over the Responses API', async () => {
    await using model = await startResponsesServer()
    model.script(textAnswer('hello from the model'))
    await using parley = await startProcess({
      OPENAI_API_KEY: 'sk-test',
      OPENAI_BASE_URL: model.baseUrl,
      PARLEY_MODEL: 'some-model',
    })
    const conversation = await createConversation(await urlOf(parley))
    const answer = await post(`${conversation}/submissions`, say('hi'), { prefer: 'wait=30' })
    expect(answer.body).toMatchObject({
      status: 'completed',
      last_agent_message: 'hello from the model',
    })
    expect(model.requests).toHaveLength(1)
    expect(model.requests[0]?.headers.authorization).toBe('Bearer sk-test')
    expect(model.requests[0]?.body).toMatchObject({ model: 'some-model', stream: true })
  })
})

describe('bad settings', () => {
  test('end it with code 1 and a readable line for each problem', async () => {
    await using parley = await startProcess({
      PARLEY_PORT: 'abc',
      PARLEY_LOG_LEVEL: 'loud',
      OPENAI_BASE_URL: 'nowhere',
    })
    expect(await parley.exit).toEqual({ code: 1, signal: null })
    const lines = parley.stderr.trimEnd().split('\n')
    const names = lines.map((line) => /^([A-Z_]+): \S.*$/.exec(line)?.[1])
    expect(new Set(names)).toEqual(new Set(['OPENAI_BASE_URL', 'PARLEY_LOG_LEVEL', 'PARLEY_PORT']))
    expect(names).toHaveLength(3)
    expect(parley.log).toEqual([])
  })

  test('a host for others without keys', async () => {
    await using parley = await startProcess({ PARLEY_HOST: '0.0.0.0' })
    expect((await parley.exit).code).toBe(1)
    expect(parley.stderr).toMatch(/^PARLEY_HOST: .*PARLEY_API_KEYS.*\n$/)
    expect(parley.log).toEqual([])
  })

  test('a port that is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const address = other.address()
    const port = typeof address === 'object' ? String(address?.port) : ''
    await using parley = await startProcess({ PARLEY_PORT: port })
    expect((await parley.exit).code).toBe(1)
    other.close()
    expect(parley.output).toContain(port)
    expect(parley.output).not.toMatch(/^\s+at /m)
  })
})

describe('secrets', () => {
  const modelKey = 'sk-modelsecret1234567890abcdef'
  const ownKey = 'ownsecret1234567890'
  const wrongKey = 'wrongsecret1234567890'

  test('are neither in the log nor in an answer', async () => {
    await using model = await startResponsesServer()
    model.script(
      textAnswer('fine'),
      errorStatus(401, {
        code: 'invalid_api_key',
        message: `Incorrect API key provided: ${modelKey}.`,
      }),
    )
    await using parley = await startProcess({
      OPENAI_API_KEY: modelKey,
      OPENAI_BASE_URL: model.baseUrl,
      PARLEY_API_KEYS: `me:${ownKey},you:other${ownKey}`,
      PARLEY_LOG_LEVEL: 'trace',
    })
    const url = await urlOf(parley)
    const headers = { authorization: `Bearer ${ownKey}` }
    const answers: string[] = []
    const keep = async <Answer extends { body: unknown }>(sent: Promise<Answer>) => {
      const answer = await sent
      answers.push(JSON.stringify(answer.body))
      return answer
    }
    await keep(get(`${url}/conversations`, { authorization: `Bearer ${wrongKey}` }))
    await keep(get(`${url}/conversations`, { authorization: `Basic ${wrongKey}` }))
    await keep(get(`${url}/nothing`, headers))
    await keep(post(`${url}/conversations`, { colour: 'red' }, headers))
    const created = await keep(post(`${url}/conversations`, {}, headers))
    const conversation = `${url}/conversations/${created.body.conversation_id}`
    const waiting = { ...headers, prefer: 'wait=30' }
    const first = await keep(post(`${conversation}/submissions`, say('a'), waiting))
    const second = await keep(post(`${conversation}/submissions`, say('b'), waiting))
    expect([first.body.status, second.body.status]).toEqual(['completed', 'failed'])
    expect(second.body.error.code).toBe('model_auth')
    await keep(get(`${conversation}/events`, headers))
    await keep(get(conversation, headers))
    parley.kill('SIGTERM')
    expect((await parley.exit).code).toBe(0)
    expect(parley.log.length).toBeGreaterThan(8)
    for (const secret of [modelKey, ownKey, wrongKey]) {
      expect(parley.output).not.toContain(secret)
      expect(answers.join('\n')).not.toContain(secret)
    }
  })

  test('are not in what is said about bad settings', async () => {
    await using parley = await startProcess({
      PARLEY_API_KEYS: ownKey,
      OPENAI_API_KEY: modelKey,
      OPENAI_BASE_URL: `ftp://${ownKey}`,
    })
    expect((await parley.exit).code).toBe(1)
    expect(parley.output).not.toMatch(/secret/)
  })
})

describe.each(['SIGTERM', 'SIGINT'] as const)('%s', (signal) => {
  test('lets the running task end, says draining to readers, ends with 0', async () => {
    await using model = await startResponsesServer()
    const events = answerEvents('first second')
    const firstDelta = events.findIndex(({ type }) => type === 'response.output_text.delta')
    const { promise: mayEnd, resolve: end } = Promise.withResolvers<void>()
    model.script(
      stream(...events.slice(0, firstDelta + 1), () => mayEnd, ...events.slice(firstDelta + 1)),
    )
    await using parley = await startProcess({
      PARLEY_DRAIN_MS: '60000',
      OPENAI_API_KEY: 'sk-test',
      OPENAI_BASE_URL: model.baseUrl,
    })
    const { url, conversation, reader } = await startTask(parley, 'hi')
    await using _ = reader
    parley.kill(signal)
    await parley.logged('draining')
    await refusing(url)
    for (const answer of [
      await post(`${url}/conversations`),
      await post(`${conversation}/submissions`, say('more')),
    ]) {
      expect([answer.status, answer.body.code]).toEqual([503, 'shutting_down'])
    }
    expect((await get(conversation)).body.status).toBe('running')
    expect((await get(`${conversation}/events`)).status).toBe(200)
    expect((await get(`${url}/healthz`)).status).toBe(200)
    end()
    const { types, last } = await restOf(reader)
    expect(types.at(-1)).toBe('task_complete')
    expect(last).toMatchObject({ type: 'draining', retry_ms: expect.any(Number) })
    expect(await parley.exit).toEqual({ code: 0, signal: null })
    expect(parley.log.at(-1)?.msg).toBe('stopped')
  })

  test('aborts a task that takes longer than the drain', async () => {
    await using parley = await startProcess({ PARLEY_DRAIN_MS: '2000' })
    const { reader } = await startTask(parley, words(5_000))
    await using _ = reader
    parley.kill(signal)
    const { types, aborted, last } = await restOf(reader)
    expect(types.at(-1)).toBe('turn_aborted')
    expect(aborted).toEqual([{ type: 'turn_aborted', reason: 'shutdown' }])
    expect(last.type).toBe('draining')
    expect(await parley.exit).toEqual({ code: 0, signal: null })
  })

  test.each(['SIGTERM', 'SIGINT'] as const)('and then %s ends it at once', async (second) => {
    await using parley = await startProcess({ PARLEY_DRAIN_MS: '3000' })
    const { reader } = await startTask(parley, words(5_000))
    await using _ = reader
    parley.kill(signal)
    await parley.logged('draining')
    parley.kill(second)
    expect(await parley.exit).toEqual({ code: 1, signal: null })
    expect(parley.log.at(-1)?.msg).toBe('draining')
  })
})

describe('the drain', () => {
  test('aborts and ends with 0 for any number of milliseconds', async () => {
    await using parley = await startProcess({ PARLEY_DRAIN_MS: '2001' })
    const { reader } = await startTask(parley, words(5_000))
    await using _ = reader
    parley.kill('SIGTERM')
    const { types } = await restOf(reader).catch(() => ({ types: [] }))
    expect(await parley.exit).toEqual({ code: 0, signal: null })
    expect(parley.stderr).toBe('')
    expect(types.at(-1)).toBe('turn_aborted')
  })

  test('of 0 ms ends with 0 where there is nothing to drain', async () => {
    await using parley = await startProcess({ PARLEY_DRAIN_MS: '0' })
    await parley.logged('listening')
    parley.kill('SIGTERM')
    expect(await parley.exit).toEqual({ code: 0, signal: null })
    expect(parley.log.at(-1)?.msg).toBe('stopped')
  })

  test('answers a caller who waits for a task that is aborted', async () => {
    await using parley = await startProcess({ PARLEY_DRAIN_MS: '2000' })
    const { conversation, reader } = await startTask(parley, words(5_000))
    await using _ = reader
    const waiting = post(`${conversation}/submissions`, say('join'), { prefer: 'wait=60' })
    await reader.until('user_message')
    parley.kill('SIGTERM')
    expect((await waiting).body).toMatchObject({ status: 'aborted' })
    expect((await parley.exit).code).toBe(0)
  })

  test('does not wait for idle keep-alive connections or idle streams', async () => {
    await using parley = await startProcess()
    const url = await urlOf(parley)
    const conversation = await createConversation(url)
    await using reader = await SseReader.open(`${conversation}/events`)
    await reader.event()
    parley.kill('SIGTERM')
    expect((await restOf(reader)).last.type).toBe('draining')
    expect((await parley.exit).code).toBe(0)
  })
})

/** Starts a conversation with a task, and reads until it runs. */
async function startTask(parley: ParleyProcess, text: string) {
  const url = await urlOf(parley)
  const conversation = await createConversation(url)
  const reader = await SseReader.open(`${conversation}/events`)
  await post(`${conversation}/submissions`, say(text))
  await reader.until('agent_message_delta')
  return { url, conversation, reader }
}

/** Asks until the service takes no more work. */
async function refusing(url: string): Promise<void> {
  while ((await get(`${url}/readyz`)).status !== 503);
}

/** What comes up to the end of a stream: event types, aborts, and the last block's data. */
async function restOf(reader: SseReader) {
  const blocks = (await reader.rest()).filter(({ data }) => data !== undefined)
  const msgs = blocks
    .filter(({ event }) => event === undefined)
    .map(({ data = '' }) => JSON.parse(data).msg)
  const last = JSON.parse(blocks.at(-1)?.data ?? 'null')
  return {
    types: msgs.map(({ type }) => type),
    aborted: msgs.filter(({ type }) => type === 'turn_aborted'),
    last,
  }
}
