import { describe, expect, test } from 'vitest'
import { createConversation, get, post, send } from '../support/http.ts'
import { problemIn } from '../support/problem.ts'
import { sendRaw, type RawAnswer } from '../support/raw-http.ts'
import { SseReader } from '../support/sse-reader.ts'
import { startServer } from '../support/test-server.ts'

const origin = 'https://app.example.com'
const options = { access: { allowedOrigins: [origin] } }
const withKey = { access: { ...options.access, apiKeys: [{ name: 'a', key: 'secret' }] } }

function preflight(
  url: string,
  request: { path?: string; from?: string; method: string; headers?: string },
): Promise<RawAnswer> {
  const { path = '/conversations', from = origin, method, headers = 'content-type' } = request
  return sendRaw(url, {
    method: 'OPTIONS',
    path,
    headers: [
      ['Origin', from],
      ['Access-Control-Request-Method', method],
      ['Access-Control-Request-Headers', headers],
      ['Connection', 'close'],
    ],
  })
}

describe('a preflight', () => {
  const ofConversation = '/conversations/01999999-9999-7999-8999-999999999999'

  test.each([
    ['GET', '/conversations'],
    ['HEAD', '/conversations'],
    ['POST', '/conversations'],
    ['PATCH', ofConversation],
    ['DELETE', ofConversation],
    ['POST', `${ofConversation}/submissions`],
    ['GET', `${ofConversation}/events?after=3`],
  ])('for %s %s', async (method, path) => {
    await using server = await startServer(options)
    const answer = await preflight(server.url, { path, method })
    expect(answer.status).toBe(204)
    expect(answer.headers.get('access-control-allow-origin')).toBe(origin)
    expect(answer.headers.get('access-control-allow-methods')).toContain(method)
    expect(answer.headers.get('vary')?.toLowerCase()).toContain('origin')
  })

  test('allows the headers of this API', async () => {
    await using server = await startServer(options)
    const headers =
      'authorization, content-type, idempotency-key, last-event-id, prefer, x-request-id'
    const answer = await preflight(server.url, { method: 'POST', headers })
    const allowed = answer.headers.get('access-control-allow-headers')?.toLowerCase().split(/, */)
    expect(allowed).toEqual(expect.arrayContaining(headers.split(', ')))
  })

  test('needs no key', async () => {
    await using server = await startServer(withKey)
    const answer = await preflight(server.url, { method: 'POST', headers: 'authorization' })
    expect(answer.status).toBe(204)
    expect(answer.headers.get('access-control-allow-headers')).toContain('authorization')
  })

  test('of a foreign page is refused and allows nothing', async () => {
    await using server = await startServer(options)
    for (const from of ['https://evil.example', 'null']) {
      const answer = await preflight(server.url, { method: 'GET', from })
      expect(problemIn(answer).code).toBe('forbidden')
      const names = [...answer.headers.keys()]
      expect(names.filter((name) => name.startsWith('access-control-allow'))).toEqual([])
    }
  })
})

describe('an allowed origin sees', () => {
  const headers = { origin }

  test('answers, and the headers it needs of them', async () => {
    await using server = await startServer(options)
    const answer = await post(`${server.url}/conversations`, {}, headers)
    expect(answer.status).toBe(201)
    expect(answer.headers.get('access-control-allow-origin')).toBe(origin)
    expect(answer.headers.get('vary')?.toLowerCase()).toContain('origin')
    const exposed = answer.headers.get('access-control-expose-headers')?.toLowerCase().split(/, */)
    expect(exposed).toEqual(
      expect.arrayContaining([
        'location',
        'retry-after',
        'x-request-id',
        'idempotency-replayed',
        'preference-applied',
      ]),
    )
  })

  test('event streams', async () => {
    await using server = await startServer(options)
    const conversation = await createConversation(server.url)
    await using reader = await SseReader.open(`${conversation}/events`, { headers })
    await using created = await SseReader.open(`${server.url}/conversations`, {
      method: 'POST',
      headers,
    })
    for (const stream of [reader, created]) {
      expect(stream.headers['access-control-allow-origin']).toBe(origin)
      expect(stream.headers['vary']?.toLowerCase()).toContain('origin')
      expect((await stream.event()).seq).toBe(1)
    }
  })

  test.each([
    ['400', 'POST', '/conversations', { colour: 'red' }],
    ['404', 'GET', '/conversations/x', undefined],
    ['404 of a route', 'GET', '/nothing', undefined],
    ['405', 'PUT', '/conversations', {}],
    ['a path that cannot be decoded', 'GET', '/conversations/%zz', undefined],
  ])('errors: %s', async (_what, method, path, body) => {
    await using server = await startServer(options)
    const answer = await send(method, `${server.url}${path}`, body, headers)
    expect(answer.status).toBeGreaterThanOrEqual(400)
    expect(answer.headers.get('access-control-allow-origin')).toBe(origin)
  })

  test('that its key is missing', async () => {
    await using server = await startServer(withKey)
    const answer = await get(`${server.url}/conversations`, headers)
    expect(problemIn(answer).code).toBe('unauthorized')
    expect(answer.headers.get('access-control-allow-origin')).toBe(origin)
  })
})
