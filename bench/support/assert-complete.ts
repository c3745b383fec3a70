import type { Published, ReaderCommand, ReaderReport } from './messages.ts'
import type { Worker } from './worker.ts'

/** Fails unless every reader is still there and has every event up to the last. */
export async function assertComplete(
  readers: Worker<ReaderCommand, ReaderReport>,
  count: number,
  published: Published | undefined,
): Promise<void> {
  const found = await readers.ask({ type: 'check' }, 'checked')
  const { total, lastId } = published ?? { total: 0, lastId: 0 }
  const complete =
    found.open === count &&
    found.leastEvents === total &&
    found.mostEvents === total &&
    found.leastId === lastId &&
    found.mostId === lastId
  if (!complete) {
    throw new Error(
      `${count} readers, ${total} events, last id ${lastId}: ${JSON.stringify(found)}`,
    )
  }
}
