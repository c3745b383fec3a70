import { isDeepStrictEqual } from 'node:util'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fingerprint } from '../../src/lib/fingerprint.ts'

/** The same value with the keys of every object the other way round. */
function turned(value: fc.JsonValue): fc.JsonValue {
  if (Array.isArray(value)) return value.map(turned)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).toReversed()
  return Object.fromEntries(entries.map(([key, one]) => [key, turned(one ?? null)]))
}

const asJson = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

describe('a fingerprint', () => {
  test('does not depend on the order of keys (property)', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(fingerprint(turned(value))).toBe(fingerprint(value))
      }),
    )
  })

  test('is equal exactly for values that are equal as JSON (property)', () => {
    const value = fc.jsonValue({ maxDepth: 2 })
    fc.assert(
      fc.property(value, value, (left, right) => {
        const equal = isDeepStrictEqual(asJson(left), asJson(right))
        expect(fingerprint(left) === fingerprint(right)).toBe(equal)
      }),
    )
  })

  test.each([
    [{ a: 1 }, { a: '1' }],
    [{ a: null }, {}],
    [
      [1, 2],
      [2, 1],
    ],
    [
      [[1], 2],
      [1, [2]],
    ],
    [{ a: { b: 1 } }, { a: 1, b: 1 }],
    [
      { 1: 'a', b: 1 },
      { 1: 'a', b: 2 },
    ],
    [[], {}],
    ['{}', {}],
    [{ text: 'é' }, { text: 'e\u0301' }],
    [JSON.parse('{"__proto__":1}'), {}],
  ])('tells %j from %j', (left, right) => {
    expect(fingerprint(left)).not.toBe(fingerprint(right))
  })

  test('is short and plain whatever the value', () => {
    for (const value of [null, 'x'.repeat(100_000), { deep: [{ a: 1 }] }]) {
      expect(fingerprint(value)).toMatch(/^[\w-]{43}$/)
    }
  })
})
