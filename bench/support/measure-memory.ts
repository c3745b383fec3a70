import { setTimeout as delay } from 'node:timers/promises'
import type { Collection, Memory } from './messages.ts'

const collections = 3
const settleMs = 150

/** Memory of this process after full collections. */
export async function measureMemory(flavor: Collection): Promise<Memory> {
  if (globalThis.gc === undefined) throw new Error('needs --expose-gc')
  for (let round = 0; round < collections; round += 1) {
    globalThis.gc({ type: 'major', execution: 'sync', flavor })
    await delay(settleMs)
  }
  const { rss, heapUsed: heap } = process.memoryUsage()
  return { rss, heap }
}
