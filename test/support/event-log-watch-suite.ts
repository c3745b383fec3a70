import { expect, test } from 'vitest'
import { seqsAfter } from './event-log-follower.ts'
import { newEvent, newRecord } from './event-log-values.ts'
import { openLog, type OpenEventLog } from './open-event-log.ts'
import { WakeSignal } from './wake-signal.ts'

/** How an EventLog wakes those who watch it. */
export function describeEventLogWatch(open: OpenEventLog): void {
  test('watchers are woken after an append, and can read it then', async () => {
    await using opened = await openLog(open)
    const { log } = opened
    await log.create(newRecord('a'), [newEvent('1')])
    const signals = [new WakeSignal(), new WakeSignal()]
    for (const { wake } of signals) log.watch('a', wake)
    for (let seq = 1; seq < 5; seq += 1) {
      const woken = Promise.all(signals.map((signal) => signal.next()))
      await log.append('a', seq, [newEvent('more')])
      await woken
      expect((await seqsAfter(log, 'a', seq)).at(-1)).toBe(seq + 1)
    }
  })

  test('a burst wakes at least once, after which all of it can be read', async () => {
    await using opened = await openLog(open)
    const { log } = opened
    await log.create(newRecord('a'), [newEvent('1')])
    const signal = new WakeSignal()
    log.watch('a', signal.wake)
    let seen = 1
    const reading = (async () => {
      while (seen < 101) {
        await signal.next()
        seen = (await seqsAfter(log, 'a', 0)).length
      }
    })()
    for (let seq = 1; seq <= 100; seq += 1) await log.append('a', seq, [newEvent('more')])
    await reading
    expect(seen).toBe(101)
    expect(signal.calls).toBeGreaterThan(0)
  })

  test('watchers are woken after a delete', async () => {
    await using opened = await openLog(open)
    const { log } = opened
    await log.create(newRecord('a'), [newEvent('1')])
    const signal = new WakeSignal()
    log.watch('a', signal.wake)
    const woken = signal.next()
    await log.delete('a')
    await woken
    await expect(log.read('a', { after: 1, limit: 1 })).rejects.toMatchObject({
      code: 'conversation_not_found',
    })
  })

  test('who has stopped watching is not woken, the others are', async () => {
    await using opened = await openLog(open)
    const { log } = opened
    await log.create(newRecord('a'), [newEvent('1')])
    const [gone, stays] = [new WakeSignal(), new WakeSignal()]
    const unwatch = log.watch('a', gone.wake)
    log.watch('a', stays.wake)
    unwatch()
    unwatch()
    const woken = stays.next()
    await log.append('a', 1, [newEvent('2')])
    await woken
    expect(gone.calls).toBe(0)
  })

  test('a watcher may stop, and another begin, while they are woken', async () => {
    await using opened = await openLog(open)
    const { log } = opened
    await log.create(newRecord('a'), [newEvent('1')])
    const [late, last] = [new WakeSignal(), new WakeSignal()]
    let calls = 0
    const unwatch = log.watch('a', () => {
      calls += 1
      unwatch()
      log.watch('a', late.wake)
    })
    log.watch('a', last.wake)
    const first = last.next()
    await log.append('a', 1, [newEvent('2')])
    await first
    const second = late.next()
    await log.append('a', 2, [newEvent('3')])
    await second
    expect(calls).toBe(1)
  })

  test('other conversations and refused appends wake nobody', async () => {
    await using opened = await openLog(open)
    const { log } = opened
    for (const id of ['a', 'b']) await log.create(newRecord(id), [newEvent('1')])
    const [ofA, ofB] = [new WakeSignal(), new WakeSignal()]
    log.watch('a', ofA.wake)
    log.watch('b', ofB.wake)
    await log.append('a', 0, [newEvent('2')]).catch(() => undefined)
    const woken = ofB.next()
    await log.append('b', 1, [newEvent('2')])
    await woken
    expect(ofA.calls).toBe(0)
  })
}
