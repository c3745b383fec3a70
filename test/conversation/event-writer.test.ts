import * as fc from 'fast-check'
import pino from 'pino'
import { describe, expect, test, vi } from 'vitest'
import { EventWriter } from '../../src/conversation/event-writer.ts'
import { newEvent, newRecord } from '../support/event-log-values.ts'
import { TestEventLog } from '../support/test-event-log.ts'

const id = 'a'
const logger = pino({ level: 'silent' })

async function newWriter() {
  const log = new TestEventLog()
  const record = newRecord(id)
  await log.create(record, [newEvent('0')])
  const writer = new EventWriter({ log, logger }, id, { seq: 1, at: record.created_at })
  const say = (text: string): number => writer.emit('1', { type: 'agent_message', message: text })
  const told = async (): Promise<string[]> =>
    (await log.events(id)).slice(1).map(({ msg }) => ('message' in msg ? msg.message : ''))
  return { log, writer, say, told }
}

describe('an event writer', () => {
  test('gives seqs at once and stores in order', async () => {
    const { writer, say, told } = await newWriter()
    expect([say('a'), say('b'), say('c')]).toEqual([2, 3, 4])
    expect([writer.lastSeq, writer.storedSeq]).toEqual([4, 1])
    await writer.stored()
    expect(writer.storedSeq).toBe(4)
    expect(await told()).toEqual(['a', 'b', 'c'])
  })

  test('writes what comes at once in one append, and what comes meanwhile in the next', async () => {
    const { log, writer, say, told } = await newWriter()
    say('a')
    say('b')
    await writer.stored()
    const release = log.hold()
    say('c')
    const first = writer.stored()
    await Promise.resolve()
    for (const text of ['d', 'e', 'f']) say(text)
    release()
    await first
    await writer.stored()
    expect(log.batches).toEqual([2, 1, 3])
    expect(await told()).toEqual(['a', 'b', 'c', 'd', 'e', 'f'])
  })

  test('says stored no sooner than it is', async () => {
    const { log, writer, say } = await newWriter()
    await writer.stored()
    const release = log.hold()
    say('a')
    const stored = vi.fn<() => void>()
    const waiting = writer.stored().then(stored)
    await new Promise(setImmediate)
    expect(stored).not.toHaveBeenCalled()
    expect(writer.storedSeq).toBe(1)
    release()
    await waiting
    expect(writer.storedSeq).toBe(2)
  })

  test('lets a task go on until too much waits', async () => {
    const { log, writer, say } = await newWriter()
    const release = log.hold()
    const ready = vi.fn<() => void>()
    for (let n = 0; n < 1_000; n += 1) {
      say(`${n}`)
      void writer.ready().then(ready)
    }
    await new Promise(setImmediate)
    const goesOn = ready.mock.calls.length
    expect(goesOn).toBeGreaterThan(0)
    expect(goesOn).toBeLessThan(1_000)
    release()
    await writer.ready()
    await writer.stored()
    expect(ready).toHaveBeenCalledTimes(1_000)
  })

  test('stamps each event with the time it was emitted', async () => {
    const { log, writer, say } = await newWriter()
    say('a')
    const at = writer.lastAt
    await writer.stored()
    expect((await log.events(id)).at(-1)?.at).toBe(at)
    expect(at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
  })

  test('after a failed append fails all who wait, and writes nothing more', async () => {
    const { log, writer, say, told } = await newWriter()
    const failure = new Error('the disk is full')
    const release = log.hold()
    say('a')
    const waiting = [writer.stored(), writer.stored()]
    say('b')
    waiting.push(writer.stored())
    log.failure = failure
    release()
    for (const one of await Promise.allSettled(waiting)) {
      expect(one).toEqual({ status: 'rejected', reason: failure })
    }
    log.failure = undefined
    say('c')
    await expect(writer.stored()).rejects.toBe(failure)
    await writer.ready()
    expect(await told()).toEqual([])
  })

  test('is refused where another writes the same log', async () => {
    const { log, writer, say, told } = await newWriter()
    await log.append(id, 1, [newEvent('theirs')])
    say('ours')
    await expect(writer.stored()).rejects.toMatchObject({ code: 'internal' })
    expect(await told()).toEqual(['theirs'])
  })

  test('keeps the order, however emits and appends meet', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.array(fc.nat(5), { maxLength: 20 }),
        async (s, bursts) => {
          const { log, writer, say, told } = await newWriter()
          const append = log.append.bind(log)
          log.append = async (...args) => {
            await s.schedule(Promise.resolve())
            await append(...args)
          }
          const said: string[] = []
          const emitting = bursts.map((count) =>
            s.schedule(Promise.resolve()).then(() => {
              for (let n = 0; n < count; n += 1) {
                said.push(`${said.length}`)
                expect(say(said.at(-1) ?? '')).toBe(said.length + 1)
              }
              return writer.stored()
            }),
          )
          await s.waitFor(Promise.all(emitting))
          expect(await told()).toEqual(said)
          expect(writer.storedSeq).toBe(said.length + 1)
        },
      ),
      { numRuns: 100 },
    )
  })
})
