import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { INITIAL_SUBMIT_ID, type EventMsg } from '../../schemas/event.ts'
import type { SpawnOptions } from '../../src/agents/agent.ts'
import { ParleyError } from '../../src/errors.ts'
import { configuredMsg, createFakeAgent, type FakeAgentOptions } from '../support/fake-agent.ts'
import { createIdleSession } from '../support/fake-session.ts'
import { createConversation, get, post } from '../support/http.ts'
import { eventsAfter, untilTold } from '../support/submissions.ts'
import { startServer } from '../support/test-server.ts'

type Spawn = NonNullable<FakeAgentOptions['spawn']>

const problem: EventMsg = { type: 'error', code: 'internal', message: 'a server did not start' }
const configure = (options: SpawnOptions, submission_id = INITIAL_SUBMIT_ID): void =>
  options.emit({ submission_id, msg: configuredMsg(options) })

const failures: [string, string, string, Spawn][] = [
  [
    'whose first event is another',
    'session_configured_not_first_event',
    'error',
    (options, plain) => {
      options.emit({ submission_id: INITIAL_SUBMIT_ID, msg: problem })
      return plain()
    },
  ],
  [
    'whose first event has a wrong submission id',
    'session_configured_not_first_event',
    '"0"',
    (options, plain) => {
      configure(options, '0')
      return plain()
    },
  ],
  [
    'that throws',
    'agent_spawn_failed',
    'no such program',
    () => {
      throw new Error('no such program')
    },
  ],
  [
    'that throws what is no error',
    'agent_spawn_failed',
    'out of luck',
    // oxlint-disable-next-line typescript/prefer-promise-reject-errors
    () => Promise.reject('out of luck'),
  ],
  [
    'that dies half-way',
    'agent_spawn_failed',
    'exited with 1',
    async (options) => {
      configure(options)
      throw new Error('exited with 1')
    },
  ],
  [
    'that never settles',
    'agent_spawn_failed',
    'not done within 40 ms',
    () => Promise.withResolvers<never>().promise,
  ],
  [
    'that says its first event and never settles',
    'agent_spawn_failed',
    'not done within 40 ms',
    (options) => {
      configure(options)
      return Promise.withResolvers<never>().promise
    },
  ],
]

describe('a spawn', () => {
  test.each(failures)('%s is 502 and leaves nothing', async (_what, code, cause, spawn) => {
    let fails = true
    const agent = createFakeAgent({
      spawn: (options, plain) => (fails ? spawn(options, plain) : plain()),
    })
    await using server = await startServer({ agent, limits: { spawnTimeoutMs: 40 } })
    const conversation_id = '01999999-9999-7999-8999-999999999999'
    const { status, body } = await post(`${server.url}/conversations`, { conversation_id })
    expect([status, body.code]).toEqual([502, code])
    expect(body.detail).toContain(cause)
    expect(agent.openSessions).toBe(0)
    expect(agent.spawned[0]?.signal.aborted).toBe(true)
    expect((await get(`${server.url}/conversations`)).body.data).toEqual([])
    for (const path of ['', '/events']) {
      const missing = await get(`${server.url}/conversations/${conversation_id}${path}`)
      expect(missing.body.code).toBe('conversation_not_found')
    }
    fails = false
    const url = await createConversation(server.url, { conversation_id })
    expect(await eventsAfter(url)).toHaveLength(1)
  })

  test('that says nothing in time is 502 and is closed', async () => {
    const session = createIdleSession()
    const agent = createFakeAgent({ spawn: () => session })
    await using server = await startServer({ agent, limits: { spawnTimeoutMs: 40 } })
    const { status, body } = await post(`${server.url}/conversations`)
    expect([status, body.code]).toEqual([502, 'agent_spawn_failed'])
    expect(body.detail).toContain('not done within 40 ms')
    await session.closed
    expect(session.closes).toBe(1)
    expect((await get(`${server.url}/conversations`)).body.data).toEqual([])
  })

  test('that comes after the time-out is closed when it comes', async () => {
    const late = Promise.withResolvers<void>()
    const session = createIdleSession()
    const agent = createFakeAgent({
      async spawn(options) {
        await late.promise
        configure(options)
        return session
      },
    })
    await using server = await startServer({ agent, limits: { spawnTimeoutMs: 40 } })
    const { status, body } = await post(`${server.url}/conversations`)
    expect([status, body.code]).toEqual([502, 'agent_spawn_failed'])
    late.resolve()
    await session.closed
    expect(session.closes).toBe(1)
    expect((await get(`${server.url}/conversations`)).body.data).toEqual([])
  })

  test('that failed is answered once its session has closed', async () => {
    const session = createIdleSession(() => delay(20))
    const agent = createFakeAgent({
      spawn(options) {
        configure(options, '0')
        return session
      },
    })
    await using server = await startServer({ agent })
    const { status } = await post(`${server.url}/conversations`)
    expect([status, session.closes]).toEqual([502, 1])
  })

  test('that failed is 502 though its session does not close', async () => {
    const agent = createFakeAgent({
      spawn(options) {
        configure(options, '0')
        return createIdleSession(() => Promise.reject(new Error('stuck')))
      },
    })
    await using server = await startServer({ agent })
    const { status, body } = await post(`${server.url}/conversations`)
    expect([status, body.code]).toEqual([502, 'session_configured_not_first_event'])
  })

  test('whose agent cannot serve the settings says so', async () => {
    const agent = createFakeAgent({
      spawn() {
        throw new ParleyError('invalid_request', 'There is no provider of that name.')
      },
    })
    await using server = await startServer({ agent })
    const { status, body } = await post(`${server.url}/conversations`)
    expect([status, body]).toMatchObject([400, { detail: 'There is no provider of that name.' }])
  })

  test('shows no more than the message of what went wrong', async () => {
    const agent = createFakeAgent({
      spawn() {
        throw new Error('no such program', { cause: new Error('the secret') })
      },
    })
    await using server = await startServer({ agent })
    const { body } = await post(`${server.url}/conversations`)
    expect(JSON.stringify(body)).not.toMatch(/secret|\.ts/)
  })

  test('of many at once that all fail leaves nothing', async () => {
    const agent = createFakeAgent({
      spawn(options, plain) {
        options.emit({ submission_id: INITIAL_SUBMIT_ID, msg: problem })
        return plain()
      },
    })
    await using server = await startServer({ agent, limits: { maxConversations: 20 } })
    for (let round = 0; round < 3; round += 1) {
      const creates = Array.from({ length: 20 }, () => post(`${server.url}/conversations`))
      expect((await Promise.all(creates)).map(({ status }) => status)).toEqual(Array(20).fill(502))
    }
    expect(agent.openSessions).toBe(0)
  })
})

describe('start-up problems', () => {
  test('follow session_configured in order', async () => {
    const messages = ['one', 'two', 'three']
    const agent = createFakeAgent({
      spawn(options, plain) {
        const session = plain()
        for (const message of messages) {
          options.emit({ submission_id: INITIAL_SUBMIT_ID, msg: { ...problem, message } })
        }
        return session
      },
    })
    await using server = await startServer({ agent })
    const url = await createConversation(server.url, { input: [{ type: 'text', text: 'a' }] })
    const events = await untilTold(url, '0 task_started')
    expect(events.slice(1, 4)).toMatchObject(
      messages.map((message, index) => ({
        seq: 2 + index,
        submission_id: INITIAL_SUBMIT_ID,
        msg: { type: 'error', message },
      })),
    )
    expect(events.slice(4)).toMatchObject([
      { submission_id: '0', msg: { type: 'user_message' } },
      { submission_id: '0', msg: { type: 'task_started' } },
    ])
  })
})
