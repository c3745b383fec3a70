import { createHash } from 'node:crypto'
import { setImmediate as tick } from 'node:timers/promises'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Event } from '../../schemas/event.ts'
import { createFakeAgent, type FakeTask } from '../support/fake-agent.ts'
import { get, post } from '../support/http.ts'
import { LogLines } from '../support/log-lines.ts'
import { metricOf } from '../support/metric.ts'
import { ResumingReader } from '../support/resuming-reader.ts'
import { spoken } from '../support/spoken.ts'
import { eventsAfter } from '../support/submissions.ts'
import { startServer } from '../support/test-server.ts'

/** Some deltas at once, and whether the readers get to run before the next ones. */
interface Burst {
  readonly deltas: readonly string[]
  readonly after: 'at once' | 'a tick' | 'a request'
}

interface ReaderPlan {
  readonly filter: Filter
  readonly from: number
  /** How many bytes each connection reads before it is cut; the one after them reads to the end. */
  readonly connections: readonly number[]
}

interface Filter {
  readonly query: string
  readonly wants: (type: string) => boolean
}

const filters: readonly Filter[] = [
  { query: '', wants: () => true },
  { query: '&types=agent_message_delta', wants: (type) => type === 'agent_message_delta' },
  {
    query: '&types=agent_message,task_started',
    wants: (type) => type === 'agent_message' || type === 'task_started',
  },
  { query: '&exclude=agent_message_delta', wants: (type) => type !== 'agent_message_delta' },
]

const delta = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.integer({ min: 0, max: 80_000 }).map((length) => 'ü'.repeat(length)),
)

const burst: fc.Arbitrary<Burst> = fc.record({
  deltas: fc.array(delta, { maxLength: 8 }),
  after: fc.constantFrom('at once', 'a tick', 'a request'),
})

const plan: fc.Arbitrary<ReaderPlan> = fc.record({
  filter: fc.constantFrom(...filters),
  from: fc.integer({ min: 0, max: 3 }),
  connections: fc.array(
    fc.oneof(fc.integer({ min: 0, max: 1_500 }), fc.integer({ min: 0, max: 200_000 })),
    { maxLength: 8 },
  ),
})

/** A schedule that hangs is a failure with its schedule, and not a test that ran out of time. */
const limits = { numRuns: 40, interruptAfterTimeLimit: 25_000, markInterruptAsFailure: true }

test('any schedule of bursts, cuts and resumes gives each reader its events, each once', async () => {
  const log = new LogLines()
  const agent = createFakeAgent()
  await using server = await startServer({ agent, maxLogBytes: 2 ** 27, logLine: log.write })
  let connections = 0

  const bursts = fc.array(burst, { maxLength: 12 })
  const plans = fc.array(plan, { minLength: 1, maxLength: 6 })
  const property = fc.asyncProperty(bursts, plans, async (said, readers) => {
    const { url, events, task } = await spoken(server.url, agent)
    const reading = readers.map(async ({ filter, from, connections: cuts }) => {
      const reader = new ResumingReader(`${events}?after=${from}${filter.query}`)
      connections += await readAll(reader, cuts)
      return reader.events
    })
    await sayAll(task, said, events)
    await task.emit({ type: 'agent_message', message: 'all said' })
    task.complete()
    await post(`${url}/submissions`, { type: 'shutdown' })
    const logged = await eventsAfter(url)
    expect(deltasOf(logged)).toEqual(said.flatMap(({ deltas }) => deltas.map(inShort)))
    for (const [index, { filter, from }] of readers.entries()) {
      const wanted = (event: Event) => event.seq > from && filter.wants(event.msg.type)
      const received = await reading[index]
      expect(received?.map(inShort)).toEqual(logged.filter(wanted).map(inShort))
    }
  })
  await fc.assert(property, limits)

  await log.wait('stream ended', connections)
  expect(await metricOf(server.url, 'parley_streams')).toBe(0)
})

async function sayAll(task: FakeTask, bursts: readonly Burst[], events: string): Promise<void> {
  for (const { deltas, after } of bursts) {
    for (const text of deltas) await task.say(text)
    if (after === 'a tick') await tick()
    if (after === 'a request') await get(`${events}?after=end`)
  }
}

/** Reads to the end of the conversation and returns how many streams that took. */
async function readAll(reader: ResumingReader, cuts: readonly number[]): Promise<number> {
  for (const [index, bytes] of [...cuts, Infinity].entries()) {
    const end = await reader.read(bytes)
    if (end === 'no content') return index
    if (end === 'closed') return index + 1
  }
  throw new Error('the stream ended before the conversation')
}

function deltasOf(events: readonly Event[]): string[] {
  return events.flatMap(({ msg }) => (msg.type === 'agent_message_delta' ? inShort(msg.delta) : []))
}

/** Stands for the whole of a value, so that a difference can be shown. */
function inShort(value: unknown): string {
  const json = JSON.stringify(value)
  return `${json.slice(0, 80)} ${createHash('sha256').update(json).digest('hex')}`
}
