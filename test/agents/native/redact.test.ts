import { expect, it } from 'vitest'
import { createRedact } from '../../../src/agents/native/redact.ts'

it('takes out the key and all that looks like one, before it cuts', () => {
  const redact = createRedact('secret-key')
  expect(redact('no secret-key, no sk-proj-12**34 here')).toBe('no [key], no [key] here')
  expect(redact(`${'x'.repeat(495)} secret-key`)).toBe(`${'x'.repeat(495)} [key…`)
})

it('makes one line of bounded length', () => {
  expect(createRedact('')('  a\r\n\tb ')).toBe('a b')
  expect(createRedact('')('x'.repeat(10_000))).toHaveLength(501)
})
