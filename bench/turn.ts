import { latencyRow, number, type PartReport } from './support/report.ts'
import { compareAt, type Latencies } from './support/stats.ts'
import { startRequester, startServer } from './support/workers.ts'

const rounds = 9
const turnsPerRound = 150
const warmUpTurns = 500
const aimMs = 5

const body = { type: 'user_input', text: 'How are you?' }

/** What a turn costs when its model costs nothing. */
export async function measureTurn(): Promise<PartReport> {
  await using parley = await startServer('parley-server')
  await using bare = await startServer('bare-route-server')
  await using requester = await startRequester()
  const turns = (count: number) =>
    requester.ask({ type: 'turns', port: parley.port, count }, 'turned')
  const roundTrips = (count: number) =>
    requester.ask(
      { type: 'post', port: bare.port, path: '/', body, count, connections: 1 },
      'posted',
    )
  await turns(warmUpTurns)
  await roundTrips(warmUpTurns)
  const ours: (readonly number[])[] = []
  const theirs: (readonly number[])[] = []
  for (let round = 0; round < rounds; round += 1) {
    theirs.push((await roundTrips(turnsPerRound)).latencies)
    ours.push((await turns(turnsPerRound)).latencies)
  }
  return reportOf(ours, theirs)
}

function reportOf(ours: Latencies, theirs: Latencies): PartReport {
  const rows = [0.5, 0.99].map((share) => compareAt(share, ours, theirs))
  const median = rows[0]?.ours.median ?? Number.NaN
  return {
    title: 'Turn overhead',
    notes: [
      'From sending a submission to reading its `task_complete` on an open event stream. The agent is `native`, over a model client in the process that answers with one delta at once.',
      `For comparison, one round trip to a bare Fastify \`POST\`. One turn at a time, ${rounds} rounds of ${turnsPerRound}, each in a new conversation. Milliseconds.`,
    ],
    table: {
      head: ['quantile', 'turn', 'bare round trip', 'ratio'],
      rows: rows.map(latencyRow),
    },
    aims: [
      {
        aim: `the median turn takes at most ${aimMs} ms`,
        found: `${number(median, 2)} ms`,
        met: median <= aimMs,
      },
    ],
  }
}
