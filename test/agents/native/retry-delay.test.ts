import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { defaultRetryLimits, retryDelay } from '../../../src/agents/native/retry-delay.ts'

const failure = { code: 'model_unreachable', retry: 'stream' } as const

it('doubles from 200 ms, give or take a tenth', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 8 }), (n) => {
      const ms = retryDelay(failure, n, defaultRetryLimits)
      const middle = 200 * 2 ** (n - 1)
      expect(ms).toBeGreaterThanOrEqual(Math.floor(middle * 0.9))
      expect(ms).toBeLessThanOrEqual(Math.ceil(middle * 1.1))
    }),
  )
})

it.each([
  [0, 0],
  [1500, 1500],
  [3_600_000, 60_000],
  [Number.POSITIVE_INFINITY, 60_000],
])('takes the wish of the server, %d ms, as %d ms', (retryAfterMs, ms) => {
  expect(retryDelay({ ...failure, retryAfterMs }, 3, defaultRetryLimits)).toBe(ms)
})
