import { describe, expect, test } from 'vitest'
import { get, post, send } from '../support/http.ts'
import { problemIn } from '../support/problem.ts'
import { sendRaw } from '../support/raw-http.ts'
import { SseReader } from '../support/sse-reader.ts'
import { startServer } from '../support/test-server.ts'

const someId = '01999999-9999-7999-8999-999999999999'
const options = {
  access: {
    apiKeys: [
      { name: 'one', key: 'first-key' },
      { name: 'two', key: 'second:key with spaces' },
    ],
  },
}
const bearer = (key: string): Record<string, string> => ({ authorization: `Bearer ${key}` })

describe('with API keys', () => {
  test.each([
    ['GET', '/conversations'],
    ['HEAD', '/conversations'],
    ['POST', '/conversations'],
    ['GET', `/conversations/${someId}`],
    ['PATCH', `/conversations/${someId}`],
    ['DELETE', `/conversations/${someId}`],
    ['POST', `/conversations/${someId}/submissions`],
    ['GET', `/conversations/${someId}/events`],
    ['GET', '/metrics'],
    ['PUT', '/conversations'],
    ['GET', '/nothing'],
    ['GET', '/healthz/../conversations'],
    ['GET', '/conversations?x=/docs/'],
    ['GET', '//docs/'],
  ])('%s %s needs one', async (method, path) => {
    await using server = await startServer(options)
    const answer = await sendRaw(server.url, { method, path })
    expect(answer.status).toBe(401)
    expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer\b/)
    if (method !== 'HEAD') problemIn(answer, 'unauthorized')
  })

  test.each(['/healthz', '/readyz', '/docs', '/docs/', '/openapi.yaml', '/openapi.json'])(
    '%s needs none',
    async (path) => {
      await using server = await startServer(options)
      expect((await fetch(`${server.url}${path}`)).status).toBe(200)
    },
  )

  test('the rendered reference loads its files without one', async () => {
    await using server = await startServer(options)
    const page = await (await fetch(`${server.url}/docs/`)).text()
    const files = [...page.matchAll(/(?:src|href)="\.?([^"]+)"/g)].map(([, file]) => file)
    expect(files.length).toBeGreaterThan(2)
    for (const file of files) {
      const url = new URL(`.${file}`, `${server.url}/docs/`)
      const answer = await fetch(url)
      expect([file, answer.status]).toEqual([file, 200])
      expect((await answer.bytes()).length).toBeGreaterThan(0)
    }
  })

  test.each(['first-key', 'second:key with spaces'])('"%s" is right', async (key) => {
    await using server = await startServer(options)
    for (const scheme of ['Bearer', 'bearer', 'BEARER', 'Bearer ']) {
      const headers = { authorization: `${scheme} ${key}` }
      expect((await get(`${server.url}/conversations`, headers)).status).toBe(200)
    }
  })

  test.each([
    ['nothing', ''],
    ['only a scheme', 'Bearer'],
    ['an empty token', 'Bearer  '],
    ['another key', 'Bearer third-key'],
    ['the beginning of a key', 'Bearer first'],
    ['a key and more', 'Bearer first-keyy'],
    ['a key in other case', 'Bearer FIRST-KEY'],
    ['the name', 'Bearer one'],
    ['the pair', 'Bearer one:first-key'],
    ['Basic', 'Basic first-key'],
    ['Basic with the pair', `Basic ${Buffer.from('one:first-key').toString('base64')}`],
    ['no scheme', 'first-key'],
    ['two keys', 'Bearer first-key, Bearer second:key with spaces'],
    ['bytes', 'Bearer \u00ff\u00fe'],
  ])('wrong: %s', async (_what, authorization) => {
    await using server = await startServer(options)
    const answer = await sendRaw(server.url, {
      path: '/conversations',
      headers: [['Authorization', authorization]],
    })
    const problem = problemIn(answer, 'unauthorized')
    expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer\b/)
    expect(JSON.stringify(problem)).not.toContain('first')
  })

  test('without the right one nothing happens', async () => {
    await using server = await startServer(options)
    expect((await post(`${server.url}/conversations`, {}, bearer('x'))).status).toBe(401)
    expect((await get(`${server.url}/conversations`, bearer('first-key'))).body.data).toEqual([])
  })

  test('a key in the query does not count', async () => {
    await using server = await startServer(options)
    expect((await get(`${server.url}/conversations?api_key=first-key`)).status).toBe(401)
  })

  test('an event stream works with one, created and opened', async () => {
    await using server = await startServer(options)
    const url = `${server.url}/conversations`
    const headers = bearer('first-key')
    await using created = await SseReader.open(url, { method: 'POST', headers })
    const { session_id } = (await created.event()).msg
    await using reader = await SseReader.open(`${url}/${session_id}/events`, { headers })
    expect((await reader.event()).seq).toBe(1)
    await using refused = await SseReader.open(`${url}/${session_id}/events`)
    expect(refused.status).toBe(401)
    await send('DELETE', `${url}/${session_id}`, undefined, headers)
  })
})
