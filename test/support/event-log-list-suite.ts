import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { ConversationRecord, EventLog, RecordPosition } from '../../src/log/event-log.ts'
import { newEvent, newRecord } from './event-log-values.ts'
import { openLog, type OpenEventLog } from './open-event-log.ts'

const day = (n: number): string => `2026-01-0${n}T00:00:00.000Z`

const create = (log: EventLog, id: string, created_at: string): Promise<void> =>
  log.create(newRecord(id, { created_at }), [newEvent(id)])

const idsOf = (records: readonly RecordPosition[]): string[] =>
  records.map((record) => record.conversation_id)

/** How an EventLog lists its records. */
export function describeEventLogList(open: OpenEventLog): void {
  test('an empty log lists nothing', async () => {
    await using opened = await openLog(open)
    expect(await opened.log.list(10)).toEqual([])
    const nowhere = { created_at: day(1), conversation_id: 'a' }
    expect(await opened.log.list(10, nowhere)).toEqual([])
  })

  test('records are listed newest first, however they came', async () => {
    await using opened = await openLog(open)
    const { log } = opened
    for (const n of [3, 1, 5, 2, 4]) await create(log, `of-${n}`, day(n))
    expect(idsOf(await log.list(10))).toEqual(['of-5', 'of-4', 'of-3', 'of-2', 'of-1'])
    expect(idsOf(await log.list(2))).toEqual(['of-5', 'of-4'])
  })

  test('records of one millisecond have one order, by id', async () => {
    await using opened = await openLog(open)
    const { log } = opened
    for (const id of ['b', 'd', 'a', 'c']) await create(log, id, day(1))
    const all = await log.list(10)
    expect(idsOf(all)).toEqual(['d', 'c', 'b', 'a'])
    for (const [index, position] of all.entries()) {
      expect(await log.list(10, position)).toEqual(all.slice(index + 1))
    }
  })

  test('a position is a place, whether its record is there or not', async () => {
    await using opened = await openLog(open)
    const { log } = opened
    for (const n of [1, 2, 3, 4, 5]) await create(log, `of-${n}`, day(n))
    const [, second] = await log.list(2)
    await log.delete('of-4')
    await create(log, 'newer', day(9))
    await create(log, 'between', day(3))
    expect(idsOf(await log.list(10, second))).toEqual(['of-3', 'between', 'of-2', 'of-1'])
    expect(idsOf(await log.list(1, second))).toEqual(['of-3'])
  })

  test('pages are right while records come and go (property)', async () => {
    const action = fc.record({
      what: fc.constantFrom('create' as const, 'delete' as const, 'page' as const),
      id: fc.nat(30),
      day: fc.integer({ min: 1, max: 4 }),
      limit: fc.integer({ min: 1, max: 5 }),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(action, { maxLength: 60, size: 'max' }), async (actions) => {
        await using opened = await openLog(open)
        const { log } = opened
        let model: ConversationRecord[] = []
        let position: RecordPosition | undefined
        for (const { what, id, day: n, limit } of actions) {
          const known = model.find((record) => record.conversation_id === `c-${id}`)
          if (what === 'create' && known === undefined) {
            const record = newRecord(`c-${id}`, { created_at: day(n) })
            await log.create(record, [newEvent('a')])
            model = [...model, record].toSorted((a, b) => (isBefore(a, b) ? -1 : 1))
          }
          if (what === 'delete' && known !== undefined) {
            await log.delete(known.conversation_id)
            model = model.filter((record) => record !== known)
          }
          const from = position
          const page = await log.list(limit, from)
          const rest = model.filter((record) => from === undefined || isBefore(from, record))
          expect(page).toEqual(rest.slice(0, limit))
          if (what === 'page') position = page.at(-1)
        }
        expect(await log.list(100)).toEqual(model)
      }),
      { numRuns: 60 },
    )
  })
}

/** Newest first, then by id, the greater first. */
function isBefore(left: RecordPosition, right: RecordPosition): boolean {
  if (left.created_at !== right.created_at) return left.created_at > right.created_at
  return left.conversation_id > right.conversation_id
}
