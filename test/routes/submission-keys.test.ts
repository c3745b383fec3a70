import { describe, expect, test } from 'vitest'
import { createFakeAgent } from '../support/fake-agent.ts'
import { createConversation, say } from '../support/http.ts'
import { submit, toldAfter } from '../support/submissions.ts'
import { startServer } from '../support/test-server.ts'

const key = { 'idempotency-key': 'k' }

describe('a submission with an Idempotency-Key', () => {
  test('is done once; a repeat gets the first answer', async () => {
    await using server = await startServer()
    const url = await createConversation(server.url)
    const first = await submit(url, say('a'), key)
    const again = await submit(url, { text: 'a', type: 'user_input' }, key)
    expect(first.headers.get('idempotency-replayed')).toBeNull()
    expect(again.headers.get('idempotency-replayed')).toBe('true')
    expect([again.status, again.body]).toEqual([202, first.body])
    expect(await toldAfter(url, 1)).toEqual(['0 user_message', '0 task_started'])
  })

  test('and another body is refused', async () => {
    await using server = await startServer()
    const url = await createConversation(server.url)
    await submit(url, say('a'), key)
    const other = await submit(url, say('b'), key)
    expect([other.status, other.body.code]).toEqual([409, 'idempotency_conflict'])
    expect(await toldAfter(url, 1)).toEqual(['0 user_message', '0 task_started'])
  })

  test('is done once when repeats come at the same time', async () => {
    await using server = await startServer()
    const url = await createConversation(server.url)
    const op = say('a', { delivery: 'queue' })
    const answers = await Promise.all(Array.from({ length: 20 }, () => submit(url, op, key)))
    expect(new Set(answers.map(({ body }) => JSON.stringify(body))).size).toBe(1)
    expect(answers.filter(({ headers }) => headers.has('idempotency-replayed'))).toHaveLength(19)
    expect(await toldAfter(url, 1)).toEqual(['0 user_message', '0 task_started'])
  })

  test('gets one winner when other bodies come at the same time', async () => {
    await using server = await startServer()
    const url = await createConversation(server.url)
    const bodies = Array.from({ length: 10 }, (_, n) => say(`${n}`, { delivery: 'queue' }))
    const answers = await Promise.all(bodies.map((op) => submit(url, op, key)))
    expect(answers.filter(({ status }) => status === 202)).toHaveLength(1)
    expect(answers.filter(({ status }) => status === 409)).toHaveLength(9)
    expect(await toldAfter(url, 1)).toEqual(['0 user_message', '0 task_started'])
  })

  test('in another conversation is another submission', async () => {
    await using server = await startServer()
    for (const text of ['a', 'b']) {
      const url = await createConversation(server.url)
      const { status, headers } = await submit(url, say(text), key)
      expect([status, headers.get('idempotency-replayed')]).toEqual([202, null])
    }
  })

  test('that was refused may be tried again, with another body too', async () => {
    const agent = createFakeAgent()
    await using server = await startServer({ agent })
    const url = await createConversation(server.url)
    await submit(url, say('a'))
    const refused = await submit(url, say('b', { delivery: 'reject' }), key)
    expect(refused.status).toBe(409)
    const next = await submit(url, say('c', { delivery: 'queue' }), key)
    expect([next.status, next.body.submission_id]).toEqual([202, '1'])
  })

  test('repeats are answered after a shutdown', async () => {
    await using server = await startServer()
    const url = await createConversation(server.url)
    const first = await submit(url, { type: 'shutdown' }, key)
    const again = await submit(url, { type: 'shutdown' }, key)
    expect([again.status, again.body]).toEqual([202, first.body])
  })

  test.each([
    ['255 characters', 'k'.repeat(255), 202],
    ['256 characters', 'k'.repeat(256), 400],
    ['no characters', '', 400],
  ])('of %s', async (_what, value, status) => {
    await using server = await startServer()
    const url = await createConversation(server.url)
    const answer = await submit(url, say('a'), { 'idempotency-key': value })
    expect(answer.status).toBe(status)
    expect(answer.body.code).toBe(status === 400 ? 'invalid_request' : undefined)
    expect(await toldAfter(url, 1)).toHaveLength(status === 400 ? 0 : 2)
  })
})
