import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ParleyError } from '../../src/errors.ts'
import { MemoryEventLog } from '../../src/log/memory-event-log.ts'
import { describeEventLog } from '../support/event-log-suite.ts'
import { seqsAfter } from '../support/event-log-follower.ts'
import { newEvent, newRecord } from '../support/event-log-values.ts'

const open = async (maxBytesPerConversation = Infinity): Promise<MemoryEventLog> =>
  new MemoryEventLog({ maxBytesPerConversation })

describeEventLog('MemoryEventLog', open)

/** The bytes that one event of `newEvent('x')` takes, at seqs of one digit. */
async function bytesOfOne(): Promise<number> {
  const log = await open()
  await log.create(newRecord('a'), [newEvent('x')])
  return (await log.read('a', { after: 0, limit: 1 })).events[0]?.frame.length ?? 0
}

describe('what MemoryEventLog keeps', () => {
  test('is the newest events that fit; what is older has expired', async () => {
    const log = await open(3 * (await bytesOfOne()))
    await log.create(newRecord('a'), [newEvent('x')])
    for (let seq = 1; seq < 8; seq += 1) await log.append('a', seq, [newEvent('x')])
    expect(await seqsAfter(log, 'a', 5)).toEqual([6, 7, 8])
    expect(await seqsAfter(log, 'a', 8)).toEqual([])
    for (const after of [0, 1, 4]) {
      await expect(log.read('a', { after, limit: 1 })).rejects.toMatchObject({
        code: 'events_expired',
        status: 410,
        extras: { first_seq: 6 },
      })
    }
    await expect(log.read('a', { after: 9, limit: 1 })).rejects.toMatchObject({
      code: 'cursor_ahead',
      extras: { last_seq: 8 },
    })
  })

  test('is the newest event at least, however large', async () => {
    const log = await open(10)
    await log.create(newRecord('a'), [newEvent('1'), newEvent('x'.repeat(10_000))])
    expect(await seqsAfter(log, 'a', 1)).toEqual([2])
    await log.append('a', 2, [newEvent('y'.repeat(10_000))])
    expect(await seqsAfter(log, 'a', 2)).toEqual([3])
    await expect(log.read('a', { after: 1, limit: 1 })).rejects.toMatchObject({
      extras: { first_seq: 3 },
    })
  })

  test('is counted for each conversation by itself', async () => {
    const log = await open(3 * (await bytesOfOne()))
    for (const id of ['a', 'b']) await log.create(newRecord(id), [newEvent('x'), newEvent('x')])
    for (let seq = 2; seq < 8; seq += 1) await log.append('a', seq, [newEvent('x')])
    expect(await seqsAfter(log, 'b', 0)).toEqual([1, 2])
  })

  test('is a tail without a gap, within the bytes (property)', async () => {
    const sizes = fc.array(fc.array(fc.nat(300), { maxLength: 10 }), { maxLength: 30 })
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 3_000 }), sizes, async (maxBytes, batches) => {
        const log = await open(maxBytes)
        await log.create(newRecord('a'), [newEvent('first')])
        let lastSeq = 1
        for (const batch of batches) {
          await log.append(
            'a',
            lastSeq,
            batch.map((size) => newEvent('x'.repeat(size))),
          )
          lastSeq += batch.length
          const firstSeq = await firstKept(log)
          const { events } = await log.read('a', { after: firstSeq - 1, limit: 1_000 })
          expect(events.map(({ seq }) => seq)).toEqual(
            Array.from({ length: lastSeq - firstSeq + 1 }, (_, index) => firstSeq + index),
          )
          const bytes = events.reduce((sum, { frame }) => sum + frame.length, 0)
          expect(events.length === 1 || bytes <= maxBytes).toBe(true)
        }
      }),
      { numRuns: 60 },
    )
  })
})

/** The oldest seq that is kept, as the log says it. */
async function firstKept(log: MemoryEventLog): Promise<number> {
  try {
    await log.read('a', { after: 0, limit: 1 })
    return 1
  } catch (error) {
    return error instanceof ParleyError ? (error.extras.first_seq ?? 0) : 0
  }
}
