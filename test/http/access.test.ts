import { describe, expect, test } from 'vitest'
import { get, post } from '../support/http.ts'
import { problemIn } from '../support/problem.ts'
import { sendRaw, type RawAnswer } from '../support/raw-http.ts'
import { startServer } from '../support/test-server.ts'

const path = '/conversations'

function withHost(url: string, host: string | null, to = path): Promise<RawAnswer> {
  return sendRaw(url, {
    path: to,
    headers: [
      ['Host', host],
      ['Connection', 'close'],
    ],
    version: host === null ? '1.0' : '1.1',
  })
}

function withOrigin(url: string, origin: string): Promise<RawAnswer> {
  return sendRaw(url, { path, headers: [['Origin', origin]] })
}

describe('the Host header', () => {
  test.each([
    'localhost',
    'localhost:1234',
    'LOCALHOST',
    'parley.localhost',
    'a.b.localhost:80',
    '127.0.0.1',
    '127.0.0.1:8787',
    '127.1.2.3:8787',
    '[::1]',
    '[::1]:8787',
  ])('%s is this machine', async (host) => {
    await using server = await startServer()
    expect((await withHost(server.url, host)).status).toBe(200)
  })

  test.each([
    'example.com',
    'localhost.example.com',
    '127.0.0.1.example.com',
    'notlocalhost',
    '128.0.0.1',
    '0.0.0.0',
    '[::2]',
    '169.254.169.254',
    'localhost@example.com',
    'example.com\\@localhost',
    'example.com/localhost',
    'example.com#.localhost',
    'example.com?.localhost',
    'localhost:port',
    'localhost:1:2',
    '::1',
    '[::1',
    ' ',
    '%',
    '"',
    'ex\u00e4mple',
    null,
  ])('%s is not', async (host) => {
    await using server = await startServer()
    expect(problemIn(await withHost(server.url, host)).code).toBe('forbidden')
  })

  test('an empty one is not, and HTTP/1.1 without one is refused', async () => {
    await using server = await startServer()
    expect(problemIn(await withHost(server.url, '')).code).toBe('forbidden')
    const headers = [['Host', null]] as const
    expect((await sendRaw(server.url, { path, headers })).status).toBe(400)
  })

  test('others can be allowed, with any port', async () => {
    const access = { allowedHosts: ['parley.example', '10.0.0.1'] }
    await using server = await startServer({ access })
    for (const host of ['parley.example', 'Parley.Example:8443', '10.0.0.1:80', 'localhost']) {
      expect([host, (await withHost(server.url, host)).status]).toEqual([host, 200])
    }
    for (const host of ['example', 'a.parley.example', 'parley.example.com']) {
      expect(problemIn(await withHost(server.url, host)).code).toBe('forbidden')
    }
  })

  test('the case of an allowed name does not matter', async () => {
    await using server = await startServer({ access: { allowedHosts: ['Parley.Example'] } })
    expect((await withHost(server.url, 'parley.example')).status).toBe(200)
  })

  test('does not matter to probes', async () => {
    await using server = await startServer()
    for (const probe of ['/healthz', '/readyz']) {
      expect((await withHost(server.url, '10.1.2.3:8787', probe)).status).toBe(200)
    }
    expect(problemIn(await withHost(server.url, '10.1.2.3', '/metrics')).code).toBe('forbidden')
    expect(problemIn(await withHost(server.url, '10.1.2.3', '/healthz/x')).code).toBe('forbidden')
  })
})

describe('the Origin header', () => {
  test.each([
    'http://localhost',
    'http://localhost:3000',
    'https://app.localhost:5173',
    'http://127.0.0.1:9999',
    'http://[::1]:3000',
  ])('%s may call', async (origin) => {
    await using server = await startServer()
    const answer = await withOrigin(server.url, origin)
    expect(answer.status).toBe(200)
    expect(answer.headers.get('access-control-allow-origin')).toBe(origin)
  })

  test.each([
    'https://example.com',
    'http://localhost.example.com',
    'http://example.com:80',
    'null',
    '',
    'garbage',
    'localhost',
    'file://',
    '*',
  ])('%s may not', async (origin) => {
    await using server = await startServer()
    const answer = await withOrigin(server.url, origin)
    expect(problemIn(answer).code).toBe('forbidden')
    expect(answer.headers.has('access-control-allow-origin')).toBe(false)
  })

  test('is not needed, and then there are no CORS headers', async () => {
    await using server = await startServer()
    const answer = await get(`${server.url}${path}`)
    expect(answer.status).toBe(200)
    expect(answer.headers.has('access-control-allow-origin')).toBe(false)
  })

  test('others can be allowed, exactly', async () => {
    const access = { allowedOrigins: ['https://app.example.com'] }
    await using server = await startServer({ access })
    const allowed = await withOrigin(server.url, 'https://app.example.com')
    expect(allowed.status).toBe(200)
    expect(allowed.headers.get('access-control-allow-origin')).toBe('https://app.example.com')
    for (const origin of [
      'http://app.example.com',
      'https://app.example.com:8443',
      'https://a.app.example.com',
      'https://app.example.com.evil.com',
    ]) {
      expect(problemIn(await withOrigin(server.url, origin)).code).toBe('forbidden')
    }
  })

  test('the server’s own may call', async () => {
    await using server = await startServer({ access: { allowedHosts: ['parley.example'] } })
    const call = (origin: string): Promise<RawAnswer> =>
      sendRaw(server.url, {
        path,
        headers: [
          ['Host', 'parley.example:8787'],
          ['Origin', origin],
        ],
      })
    expect((await call('http://parley.example:8787')).status).toBe(200)
    expect(problemIn(await call('http://parley.example:1')).code).toBe('forbidden')
  })

  test('a foreign page changes nothing', async () => {
    await using server = await startServer()
    const origin = 'https://evil.example'
    expect(problemIn(await post(`${server.url}${path}`, undefined, { origin })).code).toBe(
      'forbidden',
    )
    expect((await get(`${server.url}${path}`)).body.data).toEqual([])
  })
})
