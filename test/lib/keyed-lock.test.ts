import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { KeyedLock } from '../../src/lib/keyed-lock.ts'

describe('a keyed lock', () => {
  test('settles as the work does', async () => {
    const lock = new KeyedLock()
    const failure = new Error('no')
    expect(await lock.run('a', async () => 7)).toBe(7)
    await expect(lock.run('a', () => Promise.reject(failure))).rejects.toBe(failure)
    const throws = lock.run('a', () => {
      throw failure
    })
    await expect(throws).rejects.toBe(failure)
    expect(await lock.run('a', async () => 8)).toBe(8)
  })

  test('holds up nobody with another key', async () => {
    const lock = new KeyedLock()
    const { promise, resolve } = Promise.withResolvers<string>()
    const held = lock.run('a', () => promise)
    expect(await lock.run('b', async () => 'other')).toBe('other')
    resolve('held')
    expect(await held).toBe('held')
  })

  test('lets whoever comes while it is released wait their turn', async () => {
    const lock = new KeyedLock()
    const order: string[] = []
    const first = lock.run('a', async () => {
      order.push('first')
    })
    const third = first.then(() =>
      lock.run('a', async () => {
        order.push('third')
      }),
    )
    const second = lock.run('a', async () => {
      await Promise.resolve()
      order.push('second')
    })
    await Promise.all([second, third])
    expect(order).toEqual(['first', 'second', 'third'])
  })

  test('runs never two at once per key, in order of arrival (property)', async () => {
    const job = fc.record({ key: fc.constantFrom('a', 'b', 'c'), fails: fc.boolean() })
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.array(job, { maxLength: 20 }), async (s, jobs) => {
        const lock = new KeyedLock()
        const running = new Set<string>()
        const arrived = new Map<string, number[]>()
        const began = new Map<string, number[]>()
        const runs = jobs.map(async ({ key, fails }, index) => {
          await s.schedule(Promise.resolve())
          arrived.set(key, [...(arrived.get(key) ?? []), index])
          return lock.run(key, async () => {
            expect(running.has(key)).toBe(false)
            running.add(key)
            began.set(key, [...(began.get(key) ?? []), index])
            await s.schedule(Promise.resolve())
            running.delete(key)
            if (fails) throw new Error(`${index}`)
            return index
          })
        })
        const settled = await s.waitFor(Promise.allSettled(runs))
        expect(settled).toEqual(
          jobs.map(({ fails }, index) =>
            fails
              ? { status: 'rejected', reason: new Error(`${index}`) }
              : { status: 'fulfilled', value: index },
          ),
        )
        expect(began).toEqual(arrived)
      }),
    )
  })
})
