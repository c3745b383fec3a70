import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { SerialQueue } from '../../src/lib/serial-queue.ts'

describe('a serial queue', () => {
  test('settles as the job does', async () => {
    const queue = new SerialQueue()
    const failure = new Error('no')
    expect(await queue.run(() => 7)).toBe(7)
    expect(await queue.run(async () => 8)).toBe(8)
    await expect(queue.run(() => Promise.reject(failure))).rejects.toBe(failure)
    const throws = queue.run(() => {
      throw failure
    })
    await expect(throws).rejects.toBe(failure)
    expect(await queue.run(() => 9)).toBe(9)
  })

  test('counts what waits or runs', async () => {
    const queue = new SerialQueue()
    expect(queue.size).toBe(0)
    const jobs = [queue.run(() => 1), queue.run(() => Promise.reject(new Error('no')))]
    jobs.push(queue.run(() => 3))
    expect(queue.size).toBe(3)
    await Promise.allSettled(jobs)
    expect(queue.size).toBe(0)
  })

  test('runs jobs that jobs add', async () => {
    const queue = new SerialQueue()
    const order: string[] = []
    let inner: Promise<unknown> | undefined
    await queue.run(() => {
      order.push('outer')
      inner = queue.run(() => order.push('inner'))
    })
    await inner
    expect(order).toEqual(['outer', 'inner'])
  })

  test('runs never two at once, in the order they came (property)', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.array(fc.boolean(), { maxLength: 20 }),
        async (s, all) => {
          const queue = new SerialQueue()
          const began: number[] = []
          let running = 0
          const jobs = all.map((fails, index) =>
            queue.run(async () => {
              running += 1
              expect(running).toBe(1)
              began.push(index)
              await s.schedule(Promise.resolve())
              running -= 1
              if (fails) throw new Error('no')
            }),
          )
          expect(queue.size).toBe(all.length)
          const settled = await s.waitFor(Promise.allSettled(jobs))
          expect(settled.map(({ status }) => status === 'rejected')).toEqual(all)
          expect(began).toEqual(all.map((_, index) => index))
          expect(queue.size).toBe(0)
        },
      ),
    )
  })
})
