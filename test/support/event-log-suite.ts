import { describe, expect, test } from 'vitest'
import type { EventLog } from '../../src/log/event-log.ts'
import { describeEventLogList } from './event-log-list-suite.ts'
import { describeEventLogProperties } from './event-log-properties.ts'
import { describeEventLogWatch } from './event-log-watch-suite.ts'
import { eventOf, seqsAfter } from './event-log-follower.ts'
import { newEvent, newRecord } from './event-log-values.ts'
import { openLog, type OpenEventLog } from './open-event-log.ts'

const unknown = { code: 'conversation_not_found', status: 404 }

/** What every EventLog does. */
export function describeEventLog(name: string, open: OpenEventLog): void {
  describe(`${name} as an EventLog`, () => {
    describeAppend(open)
    describeRead(open)
    describeRecords(open)
    describeEventLogList(open)
    describeEventLogWatch(open)
    describeEventLogProperties(open)
  })
}

function describeAppend(open: OpenEventLog): void {
  test('a conversation begins with its first events', async () => {
    await using opened = await openLog(open)
    const { log } = opened
    await log.create(newRecord('a'), [newEvent('one'), newEvent('two')])
    const { events, lastSeq } = await log.read('a', { after: 0, limit: 10 })
    expect(events.map(eventOf)).toEqual([
      { seq: 1, ...newEvent('one') },
      { seq: 2, ...newEvent('two') },
    ])
    expect(events.map(({ seq, type }) => [seq, type])).toEqual([
      [1, 'agent_message'],
      [2, 'agent_message'],
    ])
    expect(lastSeq).toBe(2)
  })

  test('an id that exists already is refused and nothing of it changes', async () => {
    await using opened = await openLog(open)
    const { log } = opened
    await log.create(newRecord('a', { title: 'first' }), [newEvent('one')])
    const again = log.create(newRecord('a', { title: 'second' }), [newEvent('x'), newEvent('y')])
    await expect(again).rejects.toThrow('a')
    expect((await log.get('a'))?.title).toBe('first')
    expect(await seqsAfter(log, 'a', 0)).toEqual([1])
    expect(await log.list(10)).toHaveLength(1)
  })

  test('appended events get the seqs that follow', async () => {
    await using opened = await openLog(open)
    const { log } = opened
    await log.create(newRecord('a'), [newEvent('1')])
    await log.append('a', 1, [newEvent('2'), newEvent('3')])
    await log.append('a', 3, [newEvent('4')])
    const { events } = await log.read('a', { after: 0, limit: 10 })
    expect(events.map(eventOf)).toEqual([
      { seq: 1, ...newEvent('1') },
      { seq: 2, ...newEvent('2') },
      { seq: 3, ...newEvent('3') },
      { seq: 4, ...newEvent('4') },
    ])
  })

  test.each([0, 1, 3, 4, 100])('an append behind seq %i of 2 adds nothing', async (expected) => {
    await using opened = await openLog(open)
    const { log } = opened
    await log.create(newRecord('a'), [newEvent('1'), newEvent('2')])
    const refused = log.append('a', expected, [newEvent('x'), newEvent('y')])
    await expect(refused).rejects.toMatchObject({ code: 'internal' })
    expect(await seqsAfter(log, 'a', 0)).toEqual([1, 2])
    await log.append('a', 2, [newEvent('3')])
    expect(await seqsAfter(log, 'a', 0)).toEqual([1, 2, 3])
  })

  test('of writers at the same place one wins', async () => {
    await using opened = await openLog(open)
    const { log } = opened
    await log.create(newRecord('a'), [newEvent('1')])
    const writers = Array.from({ length: 10 }, (_, n) =>
      log.append('a', 1, [newEvent(`${n}`), newEvent(`${n}`)]),
    )
    const settled = await Promise.allSettled(writers)
    const winners = settled.flatMap(({ status }, n) => (status === 'fulfilled' ? [`${n}`] : []))
    expect(winners).toHaveLength(1)
    const { events } = await log.read('a', { after: 1, limit: 100 })
    const texts = events.map((event) => eventOf(event).msg)
    expect(texts).toEqual([1, 2].map(() => newEvent(winners[0] ?? '').msg))
  })

  test('conversations have seqs of their own', async () => {
    await using opened = await openLog(open)
    const { log } = opened
    const ids = Array.from({ length: 50 }, (_, n) => `conversation-${n}`)
    await Promise.all(ids.map((id) => log.create(newRecord(id), [newEvent(id)])))
    await Promise.all(ids.map((id, n) => log.append(id, 1, Array(n + 1).fill(newEvent(id)))))
    for (const [n, id] of ids.entries()) {
      const { events, lastSeq } = await log.read(id, { after: 0, limit: 100 })
      expect([events.length, lastSeq]).toEqual([n + 2, n + 2])
      expect(events.every((event) => eventOf(event).msg.type === 'agent_message')).toBe(true)
      expect(events.map(eventOf)).toMatchObject(events.map(() => newEvent(id)))
    }
  })
}

async function withTen(log: EventLog): Promise<void> {
  const events = Array.from({ length: 10 }, (_, n) => newEvent('x'.repeat(100 * (n % 3))))
  await log.create(newRecord('a'), events)
}

function describeRead(open: OpenEventLog): void {
  test.each([
    [0, 3, [1, 2, 3]],
    [3, 3, [4, 5, 6]],
    [9, 3, [10]],
    [8, 2, [9, 10]],
    [0, 1000, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]],
    [10, 3, []],
  ])('reading after %i, at most %i', async (after, limit, seqs) => {
    await using opened = await openLog(open)
    await withTen(opened.log)
    const { events, lastSeq } = await opened.log.read('a', { after, limit })
    expect(events.map(({ seq }) => seq)).toEqual(seqs)
    expect(lastSeq).toBe(10)
  })

  test('reading so many bytes gives at least one event and goes at most one beyond', async () => {
    await using opened = await openLog(open)
    const { log } = opened
    await withTen(log)
    const all = (await log.read('a', { after: 0, limit: 10 })).events
    const bytes = all.reduce((sum, { frame }) => sum + frame.length, 0)
    for (let maxBytes = 1; maxBytes <= bytes; maxBytes += 37) {
      const { events } = await log.read('a', { after: 0, limit: 10, maxBytes })
      const ahead = events.slice(0, -1).reduce((sum, { frame }) => sum + frame.length, 0)
      expect(events.length).toBeGreaterThan(0)
      expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1))
      expect(ahead).toBeLessThan(maxBytes)
    }
    const most = await log.read('a', { after: 0, limit: 10, maxBytes: bytes })
    expect(most.events).toHaveLength(10)
    const least = await log.read('a', { after: 0, limit: 10, maxBytes: 0 })
    expect(least.events).toHaveLength(1)
  })

  test.each([11, 12, Number.MAX_SAFE_INTEGER])('a cursor at %i of 10 is ahead', async (after) => {
    await using opened = await openLog(open)
    await withTen(opened.log)
    await expect(opened.log.read('a', { after, limit: 1 })).rejects.toMatchObject({
      code: 'cursor_ahead',
      extras: { last_seq: 10 },
    })
  })

  test('a frame is the bytes of one SSE event, id last', async () => {
    await using opened = await openLog(open)
    const { log } = opened
    await log.create(newRecord('a'), [newEvent('1'), newEvent('two\r\nlines\u2028 😀')])
    const { events } = await log.read('a', { after: 1, limit: 1 })
    const json = JSON.stringify({ seq: 2, ...newEvent('two\r\nlines\u2028 😀') })
    expect(events[0]?.frame.toString()).toBe(`data: ${json}\nid: 2\n\n`)
  })
}

function describeRecords(open: OpenEventLog): void {
  test('a record is kept as it was given', async () => {
    await using opened = await openLog(open)
    const { log } = opened
    const record = newRecord('a', { title: 'T', metadata: { b: '2', a: '1' } })
    await log.create(record, [newEvent('1')])
    expect(await log.get('a')).toEqual(record)
    expect(await log.get('b')).toBeUndefined()
  })

  test('an update changes what it names and stays', async () => {
    await using opened = await openLog(open)
    const { log } = opened
    const record = newRecord('a', { title: 'T', metadata: { a: '1' } })
    await log.create(record, [newEvent('1')])
    expect(await log.update('a', { title: 'U' })).toEqual({ ...record, title: 'U' })
    const changed = { ...record, title: null, metadata: { b: '2' } }
    expect(await log.update('a', { title: null, metadata: { b: '2' } })).toEqual(changed)
    expect(await log.update('a', {})).toEqual(changed)
    expect(await log.get('a')).toEqual(changed)
    expect(await log.list(1)).toEqual([changed])
    expect(await seqsAfter(log, 'a', 0)).toEqual([1])
  })

  test('a deleted conversation is forgotten, and its id is free again', async () => {
    await using opened = await openLog(open)
    const { log } = opened
    for (const id of ['a', 'b']) await log.create(newRecord(id), [newEvent(id), newEvent(id)])
    await log.delete('a')
    expect(await log.get('a')).toBeUndefined()
    await expect(log.read('a', { after: 0, limit: 1 })).rejects.toMatchObject(unknown)
    expect((await log.list(10)).map((one) => one.conversation_id)).toEqual(['b'])
    expect(await seqsAfter(log, 'b', 0)).toEqual([1, 2])
    await log.create(newRecord('a'), [newEvent('again')])
    expect(await seqsAfter(log, 'a', 0)).toEqual([1])
  })

  test('an unknown conversation is conversation_not_found', async () => {
    await using opened = await openLog(open)
    const { log } = opened
    await log.create(newRecord('a'), [newEvent('1')])
    const calls = [
      log.append('b', 0, [newEvent('1')]),
      log.append('', 0, [newEvent('1')]),
      log.read('b', { after: 0, limit: 1 }),
      log.update('b', { title: 't' }),
      log.delete('b'),
    ]
    for (const { status, ...rest } of await Promise.allSettled(calls)) {
      expect([status, rest]).toMatchObject(['rejected', { reason: unknown }])
    }
    expect(await log.list(10)).toHaveLength(1)
  })
}
