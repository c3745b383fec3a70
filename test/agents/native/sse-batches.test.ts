import { Readable } from 'node:stream'
import { expect, it } from 'vitest'
import { sseBatches } from '../../../src/agents/native/sse-batches.ts'

it('gives together what came together, and runs the idle timer only while it waits', async () => {
  const chunks = ['data: 1\n\ndata: 2\n\nda', 'ta: 3\n', '\n:x\n\n', ': y\n\n', 'data: 4\n\n']
  const body = Readable.from(chunks.map((chunk) => Buffer.from(chunk)))
  const steps: unknown[] = []
  const idleTimer = { start: () => steps.push('start'), stop: () => steps.push('stop') }
  for await (const batch of sseBatches(body, { maxEventChars: 100, idleTimer })) steps.push(batch)
  expect(steps).toEqual([
    'stop',
    ['1', '2'],
    'start',
    'stop',
    ['3'],
    'start',
    'stop',
    ['4'],
    'start',
  ])
})
