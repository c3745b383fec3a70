import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { within } from '../../src/lib/within.ts'

describe('within', () => {
  beforeEach(() => {
    vi.useFakeTimers()
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  test('settles as the promise does, and leaves no timer', async () => {
    const failure = new Error('no')
    expect(await within(Promise.resolve(7), 1000)).toBe(7)
    await expect(within(Promise.reject(failure), 1000)).rejects.toBe(failure)
    expect(vi.getTimerCount()).toBe(0)
  })

  test('fails when the time is over, not before', async () => {
    const { promise } = Promise.withResolvers<never>()
    const settled = vi.fn<(error: unknown) => void>()
    const waiting = within(promise, 1000).catch(settled)
    await vi.advanceTimersByTimeAsync(999)
    expect(settled).not.toHaveBeenCalled()
    await vi.advanceTimersByTimeAsync(1)
    await waiting
    expect(settled).toHaveBeenCalledWith(
      expect.objectContaining({ name: 'TimeoutError', message: 'not done within 1000 ms' }),
    )
    expect(vi.getTimerCount()).toBe(0)
  })

  test('takes a failure that comes too late without a word', async () => {
    const { promise, reject } = Promise.withResolvers<never>()
    const waiting = Promise.allSettled([within(promise, 10)])
    await vi.advanceTimersByTimeAsync(10)
    expect(await waiting).toMatchObject([{ status: 'rejected' }])
    reject(new Error('too late'))
    await vi.advanceTimersByTimeAsync(10)
  })
})
