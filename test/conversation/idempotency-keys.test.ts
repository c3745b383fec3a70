import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { IdempotencyKeys } from '../../src/conversation/idempotency-keys.ts'

const request = (key: string, fingerprint = 'same') => ({ key, fingerprint })

/** Answers that count how often the work was done. */
function counter() {
  let runs = 0
  return async () => {
    runs += 1
    return runs
  }
}

describe('idempotency keys', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['Date'] })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  test('do the work once per key', async () => {
    const keys = new IdempotencyKeys<number>({ maxKeys: 10, keepMs: 1000 })
    const work = counter()
    expect(await keys.once(request('a'), work)).toEqual({ answer: 1, replayed: false })
    expect(await keys.once(request('a'), work)).toEqual({ answer: 1, replayed: true })
    expect(await keys.once(request('b'), work)).toEqual({ answer: 2, replayed: false })
  })

  test('without a key do it every time', async () => {
    const keys = new IdempotencyKeys<number>({ maxKeys: 10, keepMs: 1000 })
    const work = counter()
    expect(await keys.once(undefined, work)).toEqual({ answer: 1, replayed: false })
    expect(await keys.once(undefined, work)).toEqual({ answer: 2, replayed: false })
  })

  test('refuse another request under the same key', async () => {
    const keys = new IdempotencyKeys<number>({ maxKeys: 10, keepMs: 1000 })
    const work = counter()
    await keys.once(request('a'), work)
    await expect(keys.once(request('a', 'other'), work)).rejects.toMatchObject({
      code: 'idempotency_conflict',
    })
    expect(await keys.once(request('a'), work)).toEqual({ answer: 1, replayed: true })
  })

  test('are forgotten after their time, counted from the answer', async () => {
    const keys = new IdempotencyKeys<number>({ maxKeys: 10, keepMs: 1000 })
    const work = counter()
    await keys.once(request('a'), work)
    vi.advanceTimersByTime(1000)
    expect(await keys.once(request('a'), work)).toMatchObject({ answer: 1 })
    vi.advanceTimersByTime(1)
    expect(await keys.once(request('a', 'other'), work)).toEqual({ answer: 2, replayed: false })
    vi.advanceTimersByTime(1000)
    expect(await keys.once(request('a', 'other'), work)).toMatchObject({ answer: 2 })
  })

  test('past their number forget the oldest', async () => {
    const keys = new IdempotencyKeys<string>({ maxKeys: 3, keepMs: 1000 })
    const again = async (key: string): Promise<boolean> =>
      (await keys.once(request(key), async () => key)).replayed
    for (const key of ['a', 'b', 'c', 'd']) expect(await again(key)).toBe(false)
    expect([await again('b'), await again('c'), await again('d')]).toEqual([true, true, true])
    expect(await again('a')).toBe(false)
    expect(await again('b')).toBe(false)
  })

  test('forget a run that failed', async () => {
    const keys = new IdempotencyKeys<number>({ maxKeys: 10, keepMs: 1000 })
    const failing = keys.once(request('a'), () => Promise.reject(new Error('no')))
    const waiting = keys.once(request('a', 'other'), async () => 7)
    await expect(failing).rejects.toThrow('no')
    expect(await waiting).toEqual({ answer: 7, replayed: false })
  })

  test('let repeats wait for the run that is on', async () => {
    const keys = new IdempotencyKeys<number>({ maxKeys: 10, keepMs: 1000 })
    const { promise, resolve } = Promise.withResolvers<number>()
    const first = keys.once(request('a'), () => promise)
    const again = keys.once(request('a'), counter())
    const other = keys.once(request('b'), async () => 9)
    expect((await other).answer).toBe(9)
    resolve(7)
    expect([await first, await again]).toEqual([
      { answer: 7, replayed: false },
      { answer: 7, replayed: true },
    ])
  })
})
