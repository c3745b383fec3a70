import { expect, test } from 'vitest'
import { createConversation } from '../support/http.ts'
import { sendRaw } from '../support/raw-http.ts'
import { startServer, type TestServer } from '../support/test-server.ts'

const kinds: Readonly<
  Record<string, (server: TestServer) => Promise<Parameters<typeof sendRaw>[1]>>
> = {
  JSON: async () => ({ path: '/conversations' }),
  'a 204': async ({ url }) => ({
    method: 'DELETE',
    path: new URL(await createConversation(url)).pathname,
    headers: [['Connection', 'close']],
  }),
  'an event stream': async ({ url }) => ({
    path: `${new URL(await createConversation(url)).pathname}/events`,
  }),
  'a created event stream': async () => ({
    method: 'POST',
    path: '/conversations',
    headers: [['Accept', 'text/event-stream']],
  }),
  'a HEAD of a stream': async ({ url }) => ({
    method: 'HEAD',
    path: `${new URL(await createConversation(url)).pathname}/events`,
  }),
  'a page of events': async ({ url }) => ({
    path: `${new URL(await createConversation(url)).pathname}/events`,
    headers: [['Accept', 'application/json']],
  }),
  metrics: async () => ({ path: '/metrics' }),
  'the document': async () => ({ path: '/openapi.yaml' }),
  'the rendered reference': async () => ({ path: '/docs/' }),
  'a 400': async () => ({ path: '/conversations?colour=red' }),
  'a 403': async () => ({ path: '/conversations', headers: [['Origin', 'null']] }),
  'a 404': async () => ({ path: '/nothing' }),
  'a 405': async () => ({ method: 'PUT', path: '/conversations' }),
  'a path that cannot be decoded': async () => ({ path: '/conversations/%zz' }),
  'a preflight': async () => ({
    method: 'OPTIONS',
    path: '/conversations',
    headers: [
      ['Origin', 'http://localhost'],
      ['Access-Control-Request-Method', 'POST'],
      ['Connection', 'close'],
    ],
  }),
}

test.each(Object.entries(kinds))('%s has security headers', async (_kind, requestOf) => {
  await using server = await startServer()
  const { headers } = await sendRaw(server.url, await requestOf(server))
  expect(headers.get('x-content-type-options')).toBe('nosniff')
  expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
  expect(headers.get('content-security-policy')).toMatch(/default-src '(none|self)'/)
  expect(headers.get('cross-origin-resource-policy')).toBe('same-origin')
  expect(headers.get('referrer-policy')).toBe('no-referrer')
  expect(headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/)
  expect(headers.has('x-powered-by')).toBe(false)
  expect(headers.has('strict-transport-security')).toBe(false)
})
