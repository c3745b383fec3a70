import { assertComplete } from './support/assert-complete.ts'
import type { Published, PublishPlan, Schedule } from './support/messages.ts'
import { number, shown, type PartReport } from './support/report.ts'
import { ratios, spreadOf } from './support/stats.ts'
import { startReaders, startServer, type Server } from './support/workers.ts'

const readerCounts = [1, 100, 1_000]
const aimedReaders = 1_000
const aim = 0.5

interface Measured {
  readonly schedule: Schedule
  readonly text: string
  readonly ms: number
  readonly rounds: number
}

const schedules: readonly Measured[] = [
  { schedule: 'window', text: 'a window at once', ms: 500, rounds: 5 },
  { schedule: 'turn', text: 'one per turn of the event loop', ms: 500, rounds: 3 },
  { schedule: 'paced', text: 'one per 20 ms', ms: 1_200, rounds: 3 },
]

interface Rounds {
  readonly readers: number
  readonly schedule: Schedule
  readonly text: string
  readonly ours: readonly Published[]
  readonly theirs: readonly Published[]
}

/** What it costs to bring one conversation's events to its readers. */
export async function measureDelivery(): Promise<PartReport> {
  const all: Rounds[] = []
  for (const readers of readerCounts) all.push(...(await measureReaders(readers)))
  return reportOf(all)
}

async function measureReaders(readers: number): Promise<readonly Rounds[]> {
  await using parley = await startServer('parley-server')
  await using bare = await startServer('bare-stream-server')
  await using ourReaders = await startReaders(parley, readers)
  await using theirReaders = await startReaders(bare, readers)
  const found: Rounds[] = []
  for (const { schedule, text, ms, rounds } of schedules) {
    const ours: Published[] = []
    const theirs: Published[] = []
    // The first round warms up.
    for (let round = 0; round <= rounds; round += 1) {
      theirs.push(await publish(bare, { schedule, ms }))
      ours.push(await publish(parley, { schedule, ms }))
    }
    await assertComplete(ourReaders, readers, ours.at(-1))
    await assertComplete(theirReaders, readers, theirs.at(-1))
    found.push({ readers, schedule, text, ours: ours.slice(1), theirs: theirs.slice(1) })
  }
  return found
}

function publish({ worker }: Server, plan: PublishPlan): Promise<Published> {
  return worker.ask({ type: 'publish', ...plan }, 'published')
}

function reportOf(all: readonly Rounds[]): PartReport {
  const aims = all.filter(
    ({ readers, schedule }) => readers === aimedReaders && schedule !== 'paced',
  )
  return {
    title: 'Delivery',
    notes: [
      'One conversation and its readers, against a bare `node:http` server that does `response.write(frame)` for each response and event. The same publisher runs in both servers and is never more than 128 events ahead of the slowest reader; in ours it is a task that calls `io.emit`.',
      'Three schedules: a window at once (what has piled up goes out together; `node:http` too joins the writes of one turn), one event per turn of the event loop, and one per 20 ms, as a model’s words come, where there is nothing to join.',
      'CPU is that of the server process alone. Every reader received every event in each run.',
    ],
    table: {
      head: [
        'readers, schedule',
        'delivered/s, ours',
        'delivered/s, bare',
        'CPU µs/event, ours',
        'CPU µs/event, bare',
        'CPU ratio',
      ],
      rows: all.map(rowOf),
    },
    aims: aims.map((rounds) => {
      const ratio = cpuRatio(rounds).median
      return {
        aim: `at ${aimedReaders} readers, ${rounds.text}, a delivered event costs at most half of the bare loop’s CPU`,
        found: `${number(ratio, 2)} of it`,
        met: ratio <= aim,
      }
    }),
  }
}

function rowOf(rounds: Rounds): readonly string[] {
  const { readers, text, ours, theirs } = rounds
  const rate = (runs: readonly Published[]): string =>
    number(spreadOf(runs.map(({ events, ms }) => (events * readers * 1000) / ms)).median, 0)
  return [
    `${number(readers, 0)}, ${text}`,
    rate(ours),
    rate(theirs),
    shown(spreadOf(cpuPerEvent(ours, readers)), 2),
    shown(spreadOf(cpuPerEvent(theirs, readers)), 2),
    shown(cpuRatio(rounds), 2),
  ]
}

function cpuRatio({ ours, theirs, readers }: Rounds) {
  return spreadOf(ratios(cpuPerEvent(ours, readers), cpuPerEvent(theirs, readers)))
}

function cpuPerEvent(runs: readonly Published[], readers: number): readonly number[] {
  return runs.map(({ cpuMicros, events }) => cpuMicros / (events * readers))
}
