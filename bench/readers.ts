import { once } from 'node:events'
import type { Socket } from 'node:net'
import { control, report } from './support/control.ts'
import { EventCounter } from './support/event-counter.ts'
import { openStream } from './support/http-connection.ts'
import { isReaderCommand, type ReaderCheck, type ReaderCommand } from './support/messages.ts'
import { acknowledgeStep } from './support/publisher.ts'

/** Connections that are being opened at the same time. */
const openingAtOnce = 50

const counters: EventCounter[] = []
/** By step: how many readers have received so much. */
const reached = new Map<number, number>()
let open = 0

control(
  isReaderCommand,
  async (command) => {
    switch (command.type) {
      case 'connect':
        await connectAll(command)
        return { type: 'connected' }
      case 'check':
        return { type: 'checked', ...check() }
    }
  },
  () => process.exit(),
)

async function connectAll(command: Extract<ReaderCommand, { type: 'connect' }>): Promise<void> {
  let left = command.count
  const connectSome = async (): Promise<void> => {
    while (left > 0) {
      left -= 1
      await connectOne(await openStream(command.port, command.path))
    }
  }
  await Promise.all(Array.from({ length: openingAtOnce }, connectSome))
}

async function connectOne(socket: Socket): Promise<void> {
  const counter = new EventCounter()
  counters.push(counter)
  open += 1
  socket.once('close', () => {
    open -= 1
  })
  socket.on('data', (chunk: Buffer) => {
    const before = Math.floor(counter.events / acknowledgeStep)
    counter.take(chunk)
    const after = Math.floor(counter.events / acknowledgeStep)
    for (let step = before + 1; step <= after; step += 1) reach(step)
  })
  await once(socket, 'data')
}

function reach(step: number): void {
  const readers = (reached.get(step) ?? 0) + 1
  reached.set(step, readers)
  if (readers < counters.length) return
  reached.delete(step)
  report({ type: 'received', count: step * acknowledgeStep })
}

function check(): ReaderCheck {
  const events = counters.map((counter) => counter.events)
  const ids = counters.map((counter) => counter.lastId)
  return {
    open,
    leastEvents: Math.min(...events),
    mostEvents: Math.max(...events),
    leastId: Math.min(...ids),
    mostId: Math.max(...ids),
  }
}
