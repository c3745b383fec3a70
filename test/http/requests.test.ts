import { describe, expect, test } from 'vitest'
import { createFakeAgent } from '../support/fake-agent.ts'
import { createConversation, get, post, send } from '../support/http.ts'
import { problemIn } from '../support/problem.ts'
import { sendRaw } from '../support/raw-http.ts'
import { startServer } from '../support/test-server.ts'

const someId = '01999999-9999-7999-8999-999999999999'

const secret = 'the password is swordfish'

describe('405', () => {
  const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']
  const allowed: Readonly<Record<string, readonly string[]>> = {
    '/conversations': ['GET', 'HEAD', 'POST'],
    [`/conversations/${someId}`]: ['DELETE', 'GET', 'HEAD', 'PATCH'],
    [`/conversations/${someId}/submissions`]: ['POST'],
    [`/conversations/${someId}/events`]: ['GET', 'HEAD'],
    '/healthz': ['GET', 'HEAD'],
    '/readyz': ['GET', 'HEAD'],
    '/metrics': ['GET', 'HEAD'],
    '/openapi.yaml': ['GET', 'HEAD'],
    '/openapi.json': ['GET', 'HEAD'],
    '/docs': ['GET', 'HEAD'],
  }

  test.each(Object.keys(allowed))('%s', async (path) => {
    await using server = await startServer()
    for (const method of methods.filter((one) => allowed[path]?.includes(one) !== true)) {
      const answer = await sendRaw(server.url, { method, path })
      if (method !== 'HEAD') problemIn(answer, 'method_not_allowed')
      expect([method, answer.status]).toEqual([method, 405])
      expect(answer.headers.get('allow')?.split(', ').toSorted()).toEqual(allowed[path])
    }
  })

  test.each(['TRACE', 'OPTIONS'])('%s', async (method) => {
    await using server = await startServer()
    const answer = await sendRaw(server.url, { method, path: '/conversations' })
    expect(problemIn(answer).code).toBe('method_not_allowed')
    expect(answer.headers.get('allow')).toContain('POST')
  })

  test('whatever the body holds', async () => {
    await using server = await startServer({ maxBodyBytes: 10 })
    const headers = [['Content-Type', 'text/plain']] as const
    const body = 'x'.repeat(100)
    const answer = await sendRaw(server.url, { method: 'PUT', path: '/healthz', headers, body })
    expect(problemIn(answer).code).toBe('method_not_allowed')
  })
})

describe('404', () => {
  test.each([
    '/',
    '/nothing',
    '//conversations',
    '/Conversations',
    `/conversations/${someId}/`,
    `/conversations/${someId}/nothing`,
    `/conversations/${someId}/events/1`,
    '/docs/../conversations',
    '/docs/%2e%2e/conversations',
    '/healthz;a=b',
    '*',
  ])('route_not_found for %s', async (path) => {
    await using server = await startServer()
    expect(problemIn(await sendRaw(server.url, { path })).code).toBe('route_not_found')
  })

  test('with any method', async () => {
    await using server = await startServer()
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'PROPFIND', 'TRACE']) {
      expect(problemIn(await sendRaw(server.url, { method, path: '/nothing' })).code).toBe(
        'route_not_found',
      )
    }
  })

  test('does not say what the query held', async () => {
    await using server = await startServer()
    const problem = problemIn(await get(`${server.url}/nothing?token=abc`), 'route_not_found')
    expect(problem.detail).not.toContain('abc')
  })
})

test('what a DELETE answers to a body is in the document', async () => {
  await using server = await startServer({ maxBodyBytes: 10 })
  const { body: document } = await get(`${server.url}/openapi.json`)
  const { responses } = document.paths['/conversations/{conversation_id}'].delete
  for (const [type, body] of [
    ['text/plain', 'a'],
    ['application/json', 'x'.repeat(100)],
  ] as const) {
    const answer = await sendRaw(server.url, {
      method: 'DELETE',
      path: `/conversations/${someId}`,
      headers: [['Content-Type', type]],
      body,
    })
    expect(Object.keys(responses)).toContain(String(answer.status))
  }
})

describe('406', () => {
  test.each([
    ['POST', '/conversations', 'text/html'],
    ['POST', '/conversations', 'application/json;q=0'],
    ['GET', 'events', 'text/html'],
    ['GET', 'events', 'application/json;q=0, text/event-stream;q=0'],
    ['HEAD', 'events', 'image/*'],
  ])('%s %s as %s', async (method, path, accept) => {
    await using server = await startServer()
    const conversation = new URL(await createConversation(server.url)).pathname
    const answer = await sendRaw(server.url, {
      method,
      path: path === 'events' ? `${conversation}/events` : path,
      headers: [['Accept', accept]],
    })
    if (method !== 'HEAD') problemIn(answer, 'not_acceptable')
    expect(answer.status).toBe(406)
    expect((await get(`${server.url}/conversations`)).body.data).toHaveLength(1)
  })
})

describe('a path that cannot be decoded', () => {
  test.each(['/conversations/%', '/conversations/%zz', '/conversations/%ff', '/%c0%af'])(
    'is the caller’s mistake: %s',
    async (path) => {
      await using server = await startServer()
      const answer = await sendRaw(server.url, { path })
      expect(problemIn(answer).code).toBe(
        answer.status === 404 ? 'route_not_found' : 'invalid_request',
      )
    },
  )
})

describe('an error of ours', () => {
  test.each([
    ['an error', new Error(secret)],
    ['an error with a code', Object.assign(new Error(secret), { code: 'ENOENT' })],
    ['an error with a status of its own', Object.assign(new Error(secret), { statusCode: 418 })],
    [
      'an error with a code and a status of its own',
      Object.assign(new Error(secret), { statusCode: 418, code: 'ODD' }),
    ],
    ['a string', secret],
    ['an object', { message: secret, statusCode: 400 }],
    ['nothing', undefined],
    ['null', null],
  ])('%s is internal and shows nothing', async (_what, error) => {
    const { answer, alive } = await provoke(error)
    expect(problemIn(answer).code).toBe('internal')
    expect(JSON.stringify(answer.body)).not.toContain('swordfish')
    expect(alive.status).toBe(200)
  })

  test.each([
    ['an error', new Error(secret)],
    ['a string', secret],
  ])('the log has the cause of %s under the same request_id', async (_what, error) => {
    const { answer, log } = await provoke(error)
    const { request_id } = problemIn(answer, 'internal')
    const entries = log.filter((entry) => entry.request_id === request_id && entry.level >= 50)
    expect(entries).toHaveLength(1)
    expect(JSON.stringify(entries)).toContain('swordfish')
  })
})

describe('X-Request-Id', () => {
  test.each(['abc', 'a.b_c-d:1', 'x'.repeat(128)])('a harmless one is used: %s', async (id) => {
    const lines: string[] = []
    await using server = await startServer({ logLine: (line) => lines.push(line) })
    const answer = await send('GET', `${server.url}/nothing`, undefined, { 'x-request-id': id })
    expect(problemIn(answer, 'route_not_found').request_id).toBe(id)
    expect(lines.map((line) => JSON.parse(line).request_id)).toContain(id)
  })

  test.each([
    ['empty', ['']],
    ['with a space', ['a b']],
    ['with a quote', ['a"b']],
    ['with a bracket', ['<b>']],
    ['not ASCII', ['\u00e4']],
    ['too long', ['x'.repeat(129)]],
    ['given twice', ['a', 'b']],
  ])('another is replaced: %s', async (_what, ids) => {
    await using server = await startServer()
    const answer = await sendRaw(server.url, {
      path: '/healthz',
      headers: ids.map((id) => ['X-Request-Id', id] as const),
    })
    expect(answer.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/)
  })

  test('each request has its own', async () => {
    await using server = await startServer()
    const answers = await Promise.all(Array.from({ length: 5 }, () => get(`${server.url}/healthz`)))
    const ids = answers.map((answer) => answer.headers.get('x-request-id'))
    expect(new Set(ids).size).toBe(5)
  })
})

/** Has a session throw this, and asks it for something. */
async function provoke(error: unknown) {
  const lines: string[] = []
  const agent = createFakeAgent({
    spawn: (_options, plain) => ({
      ...plain(),
      history() {
        throw error
      },
    }),
  })
  await using server = await startServer({ agent, logLine: (line) => lines.push(line) })
  const conversation = await createConversation(server.url)
  const answer = await post(`${conversation}/submissions`, { type: 'get_history' })
  const alive = await get(`${server.url}/healthz`)
  return { answer, alive, log: lines.map((line) => JSON.parse(line)) }
}
