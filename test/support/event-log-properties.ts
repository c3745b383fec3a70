import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { eventOf, follow } from './event-log-follower.ts'
import { newEvent, newRecord } from './event-log-values.ts'
import { openLog, type OpenEventLog } from './open-event-log.ts'

const batches = fc.array(
  fc.array(fc.string({ unit: 'binary', maxLength: 60 }), { maxLength: 12 }),
  {
    minLength: 1,
    maxLength: 25,
  },
)
const reader = fc.record({
  after: fc.nat(1),
  limit: fc.integer({ min: 1, max: 20 }),
  maxBytes: fc.option(fc.integer({ min: 1, max: 2_000 }), { nil: undefined }),
  /** Before which append it begins. */
  begins: fc.nat(25),
})

/** What holds of an EventLog whatever is written, and whoever reads meanwhile. */
export function describeEventLogProperties(open: OpenEventLog): void {
  test('every reader sees each event once, in order (property)', async () => {
    await fc.assert(
      fc.asyncProperty(
        batches,
        fc.array(reader, { minLength: 1, maxLength: 6 }),
        async (texts, readers) => {
          await using opened = await openLog(open)
          const { log } = opened
          await log.create(newRecord('a'), [newEvent('first')])
          const all = [newEvent('first'), ...texts.flat().map(newEvent)]
          const expected = all.map((event, index) => ({ seq: index + 1, ...event }))
          const following: Promise<void>[] = []
          const begin = ({ after, limit, maxBytes }: (typeof readers)[number]): void => {
            const bytes = maxBytes === undefined ? {} : { maxBytes }
            const reading = follow(log, 'a', { after, limit, ...bytes, until: all.length })
            following.push(
              reading.then((seen) =>
                expect(seen).toEqual(JSON.parse(JSON.stringify(expected.slice(after)))),
              ),
            )
          }
          let lastSeq = 1
          for (const [index, batch] of texts.entries()) {
            for (const one of readers) if (one.begins === index) begin(one)
            await log.append('a', lastSeq, batch.map(newEvent))
            lastSeq += batch.length
          }
          for (const one of readers) if (one.begins >= texts.length) begin(one)
          await Promise.all(following)
        },
      ),
      { numRuns: 60 },
    )
  })

  test('any page is the slice it names (property)', async () => {
    await fc.assert(
      fc.asyncProperty(
        batches,
        fc.array(fc.tuple(fc.nat(400), fc.nat(50))),
        async (texts, pages) => {
          await using opened = await openLog(open)
          const { log } = opened
          const all = texts.flat().map(newEvent)
          await log.create(newRecord('a'), all)
          for (const [from, size] of pages) {
            const after = Math.min(from, all.length)
            const { events, lastSeq } = await log.read('a', { after, limit: size + 1 })
            expect(lastSeq).toBe(all.length)
            expect(events.map(({ seq }) => seq)).toEqual(
              all.slice(after, after + size + 1).map((_, index) => after + index + 1),
            )
            expect(events.map((event) => eventOf(event).seq)).toEqual(events.map(({ seq }) => seq))
          }
        },
      ),
      { numRuns: 60 },
    )
  })
}
