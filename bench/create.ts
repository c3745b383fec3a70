import type { RequestCommand, RequestReport } from './support/messages.ts'
import { latencyRow, number, type PartReport } from './support/report.ts'
import { compareAt, type Latencies } from './support/stats.ts'
import type { Worker } from './support/worker.ts'
import { startRequester, startServer, type Server } from './support/workers.ts'

const rounds = 9
const requestsPerRound = 500
const warmUpRequests = 1_500
const aim = 3

const body = { title: 'A conversation', metadata: { user: 'bench' } }

type Requester = Worker<RequestCommand, RequestReport>

/** How long a create takes, beside a route of the same framework that does nothing. */
export async function measureCreate(): Promise<PartReport> {
  await using parley = await startServer('parley-server')
  await using bare = await startServer('bare-route-server')
  await using requester = await startRequester()
  const toParley = (count: number) => post(requester, parley, '/conversations', count)
  const toBare = (count: number) => post(requester, bare, '/', count)
  const { answer } = await toParley(warmUpRequests)
  await bare.worker.ask({ type: 'answer_with', body: answer }, 'answer_set')
  await toBare(warmUpRequests)
  const ours: (readonly number[])[] = []
  const theirs: (readonly number[])[] = []
  for (let round = 0; round < rounds; round += 1) {
    theirs.push((await toBare(requestsPerRound)).latencies)
    ours.push((await toParley(requestsPerRound)).latencies)
  }
  return reportOf(ours, theirs)
}

function post(requester: Requester, server: Server, path: string, count: number) {
  return requester.ask(
    { type: 'post', port: server.port, path, body, count, connections: 1 },
    'posted',
  )
}

function reportOf(ours: Latencies, theirs: Latencies): PartReport {
  const rows = [0.5, 0.99].map((share) => compareAt(share, ours, theirs))
  const ratio = rows[0]?.ratio.median ?? Number.NaN
  return {
    title: 'Create latency',
    notes: [
      `\`POST /conversations\` against a bare Fastify \`POST\` (no hooks, no logger) that takes the same body and answers the same answer.`,
      `One keep-alive connection, one request at a time, ${rounds} rounds of ${requestsPerRound}. Milliseconds.`,
    ],
    table: {
      head: ['quantile', 'create', 'bare route', 'ratio'],
      rows: rows.map(latencyRow),
    },
    aims: [
      {
        aim: `the p50 of a create is at most ${aim} times that of the bare route`,
        found: `${number(ratio, 2)} times`,
        met: ratio <= aim,
      },
    ],
  }
}
