import type { Collection, Memory } from './support/messages.ts'
import { number, shown, type PartReport } from './support/report.ts'
import { spreadOf, type Spread } from './support/stats.ts'
import {
  connectReaders,
  startReaders,
  startRequester,
  startServer,
  type Server,
} from './support/workers.ts'

const rounds = 3
const conversations = { warmUp: 10_000, measured: 10_000, aimBytes: 10 * 1024 }
const readers = { warmUp: 4_000, measured: 4_000, aimBytes: 24 * 1024 }

/** Bytes per thing that was added, by round. */
type Growth = readonly Memory[]

/** What an idle conversation and an idle reader keep in memory. */
export async function measureMemory(): Promise<PartReport> {
  const regular = await measureAll('regular')
  const lastResort = await measureAll('last-resort')
  return {
    title: 'Memory',
    notes: [
      `Growth of the server process per conversation, by ${number(conversations.measured, 0)} created over HTTP beyond the first ${number(conversations.warmUp, 0)}, and per reader, by ${number(readers.measured, 0)} event streams that wait beyond the first ${readers.warmUp}; beside those of a bare \`node:http\` server. ${rounds} rounds, each with new processes. The servers have the flags of \`npm start\`. KB of 1,024 bytes; the kernel’s socket buffers are not in it.`,
      'The aims go by a plain `gc()`. What is resident then includes pages that V8 has not given back yet; a `last-resort` collection, measured in processes of its own, gives them back and shows what is really kept.',
    ],
    table: {
      head: ['each, after', 'resident KB', 'heap KB'],
      rows: [...rowsOf(regular, '`gc()`'), ...rowsOf(lastResort, '`last-resort`')],
    },
    aims: [
      aimOf('an idle conversation', regular.conversation, conversations.aimBytes),
      aimOf('an idle reader', regular.reader, readers.aimBytes),
    ],
  }
}

async function measureAll(flavor: Collection) {
  const conversation: Memory[] = []
  const reader: Memory[] = []
  const bare: Memory[] = []
  for (let round = 0; round < rounds; round += 1) {
    conversation.push(await growthOfConversations(flavor))
    bare.push(await growthOfReaders('bare-stream-server', flavor))
    reader.push(await growthOfReaders('parley-server', flavor))
  }
  return { conversation, reader, bare }
}

function rowsOf(
  { conversation, reader, bare }: Awaited<ReturnType<typeof measureAll>>,
  after: string,
): readonly (readonly string[])[] {
  return [
    rowOf(`idle conversation, ${after}`, conversation),
    rowOf(`idle reader, ${after}`, reader),
    rowOf(`idle reader of the bare server, ${after}`, bare),
  ]
}

function rowOf(name: string, growth: Growth): readonly string[] {
  return [name, shown(kilobytes(growth, 'rss'), 1), shown(kilobytes(growth, 'heap'), 1)]
}

function aimOf(what: string, growth: Growth, bytes: number) {
  const { median } = kilobytes(growth, 'rss')
  return {
    aim: `${what} costs at most ${bytes / 1024} KB of resident memory`,
    found: `${number(median, 1)} KB`,
    met: median <= bytes / 1024,
  }
}

function kilobytes(growth: Growth, figure: keyof Memory): Spread {
  return spreadOf(growth.map((memory) => memory[figure] / 1024))
}

/** One round: conversations in a server of their own. */
async function growthOfConversations(flavor: Collection): Promise<Memory> {
  await using server = await startServer('parley-server')
  await using requester = await startRequester()
  const { port } = server
  const create = (count: number) =>
    requester.ask(
      { type: 'post', port, path: '/conversations', body: {}, count, connections: 8 },
      'posted',
    )
  await create(conversations.warmUp)
  const { measured } = conversations
  return await growthBy(measured, () => create(measured), memoryOf(server, flavor))
}

/** One round: readers of a server of their own. */
async function growthOfReaders(
  name: 'parley-server' | 'bare-stream-server',
  flavor: Collection,
): Promise<Memory> {
  await using server = await startServer(name)
  await using worker = await startReaders(server, readers.warmUp)
  const { measured } = readers
  const connect = () => connectReaders(worker, server, measured)
  return await growthBy(measured, connect, memoryOf(server, flavor))
}

function memoryOf({ worker }: Server, flavor: Collection): () => Promise<Memory> {
  return () => worker.ask({ type: 'measure_memory', flavor }, 'memory')
}

async function growthBy(
  count: number,
  add: () => Promise<unknown>,
  measure: () => Promise<Memory>,
): Promise<Memory> {
  const before = await measure()
  await add()
  const after = await measure()
  return { rss: (after.rss - before.rss) / count, heap: (after.heap - before.heap) / count }
}
