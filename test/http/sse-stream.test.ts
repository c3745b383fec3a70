import type { Socket } from 'node:net'
import { setImmediate as tick } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { createFakeAgent, type FakeTask } from '../support/fake-agent.ts'
import { get, post } from '../support/http.ts'
import { LogLines } from '../support/log-lines.ts'
import { metricOf } from '../support/metric.ts'
import { RawClient } from '../support/raw-client.ts'
import { range, spoken } from '../support/spoken.ts'
import { readBlocks, SseReader } from '../support/sse-reader.ts'
import { startServer, type TestServer } from '../support/test-server.ts'

const eventBytes = 100_000
const lastSeq = 503
const maxLogBytes = 2 ** 27

describe('a reader that does not read', () => {
  test('costs bounded memory, slows nobody and misses nothing when it reads on', async () => {
    const agent = createFakeAgent()
    await using server = await startServer({ agent, maxLogBytes })
    const sockets = socketsOf(server)
    const { events, task } = await spoken(server.url, agent)
    await using stalled = await stalledReader(events)
    await using reader = await SseReader.open(`${events}?until=idle`)
    const reading = seqsOf(reader)
    const socket = sockets.get(stalled.localPort)
    let held = 0
    await saySome(task, () => {
      held = Math.max(held, socket?.writableLength ?? Infinity)
    })
    task.complete()
    expect(await reading).toEqual(range(1, lastSeq + 1))
    expect(held).toBeGreaterThan(0)
    expect(held).toBeLessThan(3 * eventBytes)
    expect(await metricOf(server.url, 'parley_streams')).toBe(1)
    expect(await metricOf(server.url, 'parley_stream_lag_events')).toBeGreaterThan(300)
    stalled.resume()
    await stalled.until(`id: ${lastSeq + 1}\n\n`)
    expect(await seqsIn(stalled.body)).toEqual(range(1, lastSeq + 1))
  })

  test('is disconnected once it is stuck, and resumes by its cursor', async () => {
    const log = new LogLines()
    const agent = createFakeAgent()
    const streams = { stuckReaderMs: 1_000 }
    await using server = await startServer({ agent, maxLogBytes, streams, logLine: log.write })
    const { events, task } = await spoken(server.url, agent)
    await using stalled = await stalledReader(events)
    await saySome(task)
    task.complete()
    const [line] = await log.wait('stream ended')
    expect(line).toMatchObject({ ended_by: 'stuck', url: new URL(events).pathname })
    expect(await metricOf(server.url, 'parley_streams')).toBe(0)
    expect(await metricOf(server.url, 'parley_streams_ended_total{by="stuck"}')).toBe(1)
    stalled.resume()
    await stalled.closed
    const before = await seqsIn(stalled.body)
    const headers = { 'last-event-id': String(before.at(-1)) }
    await using reader = await SseReader.open(`${events}?until=idle`, { headers })
    const after = await seqsOf(reader)
    expect(after.length).toBeGreaterThan(0)
    expect([...before, ...after]).toEqual(range(1, lastSeq + 1))
  })

  test('and heartbeats: none pile up for it', async () => {
    const agent = createFakeAgent()
    const streams = { heartbeatMs: 10 }
    await using server = await startServer({ agent, maxLogBytes, streams })
    const { events, task } = await spoken(server.url, agent)
    await using stalled = await stalledReader(events)
    await saySome(task)
    await using live = await SseReader.open(`${events}?after=end`)
    await live.block()
    for (const _ of range(1, 20)) expect((await live.block())?.comments).toEqual([`hb ${lastSeq}`])
    stalled.resume()
    await stalled.until(`id: ${lastSeq}\n\n`)
    const beats = stalled.body.toString().split(`: hb ${lastSeq}\n`).length - 1
    expect(beats).toBeLessThan(10)
  })
})

describe('a reader that comes back', () => {
  test('after the end of the conversation, gets the rest by Last-Event-ID', async () => {
    const agent = createFakeAgent()
    await using server = await startServer({ agent })
    const { url, events, task } = await spoken(server.url, agent, ['4', '5'])
    const seen: number[] = []
    {
      await using reader = await SseReader.open(events)
      while (seen.length < 4) seen.push((await reader.event()).seq)
    }
    for (const n of range(6, 2_000)) await task.say(String(n))
    await post(`${url}/submissions`, { type: 'shutdown' })
    const headers = { 'last-event-id': String(seen.at(-1)) }
    await using reader = await SseReader.open(events, { headers })
    expect([...seen, ...(await seqsOf(reader))]).toEqual(range(1, 2_002))
  })

  test('after its events have expired in the middle of its stream, is told 410', async () => {
    const log = new LogLines()
    const agent = createFakeAgent()
    await using server = await startServer({
      agent,
      maxLogBytes: 10 * eventBytes,
      logLine: log.write,
    })
    const { events, task } = await spoken(server.url, agent)
    await using stalled = await stalledReader(events)
    await saySome(task)
    stalled.resume()
    await stalled.closed
    const [line] = await log.wait('stream ended')
    expect(line).toMatchObject({ ended_by: 'expired' })
    const seqs = await seqsIn(stalled.body)
    expect(seqs).toEqual(range(1, seqs.length))
    const answer = await get(events, { 'last-event-id': String(seqs.at(-1)), accept: '*/*' })
    expect([answer.status, answer.body.code]).toEqual([410, 'events_expired'])
  })
})

/** The server's sockets by the port of their client. */
function socketsOf(server: TestServer): Map<number, Socket> {
  const sockets = new Map<number, Socket>()
  server.app.server.on('connection', (socket) => sockets.set(socket.remotePort ?? 0, socket))
  return sockets
}

/** A reader that has read the first three events and then no more. */
async function stalledReader(events: string): Promise<RawClient> {
  const client = RawClient.open(events, { version: '1.0' })
  await client.until('id: 3\n\n')
  client.pause()
  return client
}

/** Says 50 MB, so that no kernel holds it all for a reader. */
async function saySome(task: FakeTask, each = (): void => {}): Promise<void> {
  const filler = 'x'.repeat(eventBytes)
  for (const n of range(4, lastSeq)) {
    await task.say(`${n} ${filler}`)
    await tick()
    each()
  }
}

async function seqsOf(reader: SseReader): Promise<number[]> {
  const blocks = await reader.rest()
  return blocks.flatMap(({ id, data }) => (id === undefined ? [] : seqIn(id, data)))
}

async function seqsIn(body: Buffer): Promise<number[]> {
  const seqs: number[] = []
  for await (const { id, data } of readBlocks([body])) if (id) seqs.push(seqIn(id, data))
  return seqs
}

/** An event must be the one that its id says. */
function seqIn(id: string, data = ''): number {
  const { seq, msg } = JSON.parse(data)
  const words = msg.delta?.split(' ')[0] ?? id
  if (String(seq) !== id || words !== id) throw new Error(`${id}: ${data.slice(0, 100)}`)
  return seq
}
