import { expect, test } from 'vitest'
import { startCuttingProxy, type Cut } from '../support/cutting-proxy.ts'
import { createFakeAgent, type FakeTask } from '../support/fake-agent.ts'
import { createConversation, post } from '../support/http.ts'
import { LogLines } from '../support/log-lines.ts'
import { range, spoken } from '../support/spoken.ts'
import { startServer } from '../support/test-server.ts'
import type { Connect, EventClient } from './event-client.ts'

/** What every EventSource must be able to do with our streams. */
export function clientTests(connect: Connect): void {
  test('onmessage gets session_configured first, then a whole turn', async () => {
    const agent = createFakeAgent()
    await using server = await startServer({ agent })
    const url = await createConversation(server.url)
    await using client = await connect(`${url}/events`)
    expect(await client.event()).toMatchObject({ seq: 1, msg: { type: 'session_configured' } })
    await post(`${url}/submissions`, { type: 'user_input', text: 'hi' })
    const task = await agent.nextTask()
    await task.say('ü\n\u2028🦜')
    task.complete('done')
    const events = await take(client, 4)
    expect(events.map(({ seq }) => seq)).toEqual([2, 3, 4, 5])
    expect(events.map(({ msg }) => msg.type)).toEqual([
      'user_message',
      'task_started',
      'agent_message_delta',
      'task_complete',
    ])
    expect(events[2].msg.delta).toBe('ü\n\u2028🦜')
  })

  test.each([
    ['live', true],
    ['in a burst', false],
  ])('cut again and again, it gets every event once and in order, %s', async (_what, live) => {
    const agent = createFakeAgent()
    await using server = await startServer({ agent })
    await using proxy = await startCuttingProxy(server.url, cuts)
    const { events, task } = await spoken(server.url, agent)
    await using client = await connect(events.replace(server.url, proxy.url))
    expect((await take(client, 3)).map(({ seq }) => seq)).toEqual([1, 2, 3])
    const received = live ? await sayInStep(task, client) : await sayAtOnce(task, client)
    expect(received.map(({ seq }) => seq)).toEqual(range(4, 33))
    expect(received.map(({ msg }) => msg.delta)).toEqual(texts)
    task.complete()
    expect(await client.event()).toMatchObject({ seq: 34, msg: { type: 'task_complete' } })
    expect(proxy.cuts).toBe(cuts.length)
  })

  test('closed comes as a control event; the reconnect gets 204 and it stays closed', async () => {
    const log = new LogLines()
    await using server = await startServer({ logLine: log.write })
    const url = await createConversation(server.url)
    await using client = await connect(`${url}/events`)
    await client.event()
    await post(`${url}/submissions`, { type: 'shutdown' })
    expect(await client.event()).toMatchObject({ seq: 2, msg: { type: 'shutdown_complete' } })
    expect(await client.control()).toEqual({ type: 'closed', last_seq: 2 })
    await client.closed
    await server.app.close()
    const answers = log.all.filter(({ method }) => method === 'GET')
    expect(answers.map(({ msg, status }) => status ?? msg)).toEqual(['stream ended', 204])
  })

  test('closed stops it when it has a filter, too', async () => {
    const log = new LogLines()
    const agent = createFakeAgent()
    await using server = await startServer({ agent, logLine: log.write })
    const { url, events } = await spoken(server.url, agent, ['a'])
    await using client = await connect(`${events}?types=agent_message_delta`)
    expect(await client.event()).toMatchObject({ seq: 4 })
    await post(`${url}/submissions`, { type: 'shutdown' })
    const closed = client.closed.then(() => 'closed')
    const loops = log.wait('stream ended', 3).then(() => 'connects again and again')
    expect(await Promise.race([closed, loops])).toBe('closed')
  })

  test('draining comes as a control event with the time to come back', async () => {
    await using server = await startServer()
    const url = await createConversation(server.url)
    await using client = await connect(`${url}/events`)
    await client.event()
    await server.app.close()
    const control = { type: 'draining', last_seq: 1, retry_ms: expect.any(Number) }
    expect(await client.control()).toEqual(control)
  })

  test('a conversation that is gone stops it', async () => {
    await using server = await startServer()
    await using client = await connect(`${server.url}/conversations/nobody/events`)
    await expect(client.closed).resolves.toBeUndefined()
  })
}

const texts = range(1, 30).map((n) => `part ${n}: 🦜${'ü'.repeat(n)}`)

const cuts: readonly Cut[] = [
  // At the start of a frame, in its middle, in the head, in the first bytes of the body.
  { inside: 'data: {"seq":5,', byte: 0 },
  { inside: 'part 4: ', byte: 4 },
  { after: 40 },
  { inside: 'retry: ', byte: 8 },
  // In a character, before and in the id, before and in the blank line.
  { inside: 'part 8: 🦜', byte: 'part 8: '.length + 2 },
  { inside: 'id: 14\n', byte: 0 },
  { inside: 'id: 16\n', byte: 5 },
  { inside: 'id: 18\n\n', byte: 6 },
  { inside: 'id: 20\n\n', byte: 7 },
  // Behind a frame, and in the character that ends one.
  { inside: 'id: 23\n\n', byte: 8 },
  { inside: `${texts[24]}"`, byte: Buffer.byteLength(texts[24] ?? '') - 1 },
]

async function sayInStep(task: FakeTask, client: EventClient): Promise<Received[]> {
  const received: Received[] = []
  for (const text of texts) {
    await task.say(text)
    received.push(await client.event())
  }
  return received
}

async function sayAtOnce(task: FakeTask, client: EventClient): Promise<Received[]> {
  for (const text of texts) await task.say(text)
  return take(client, texts.length)
}

// oxlint-disable-next-line typescript/no-explicit-any
type Received = any

async function take(client: EventClient, count: number): Promise<Received[]> {
  const events: Received[] = []
  while (events.length < count) events.push(await client.event())
  return events
}
