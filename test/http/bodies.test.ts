import { describe, expect, test } from 'vitest'
import { problemIn } from '../support/problem.ts'
import { exchangeBytes, sendRaw, type RawAnswer } from '../support/raw-http.ts'
import { startServer } from '../support/test-server.ts'

const json: readonly [string, string] = ['Content-Type', 'application/json']

/** Sends bytes as the body of a create. */
function create(
  url: string,
  body: string | Buffer,
  headers: readonly (readonly [string, string])[] = [json],
): Promise<RawAnswer> {
  return sendRaw(url, { method: 'POST', path: '/conversations', headers, body })
}

const chunk = (text: string): string => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`

describe('413', () => {
  const options = { maxBodyBytes: 64 }

  test('a body of the largest size is taken', async () => {
    await using server = await startServer(options)
    const body = JSON.stringify({ title: 'x'.repeat(52) })
    expect(body).toHaveLength(64)
    expect((await create(server.url, body)).status).toBe(201)
  })

  test('one byte more is not, counted in bytes', async () => {
    await using server = await startServer(options)
    for (const title of ['x'.repeat(53), 'ä'.repeat(27)]) {
      expect(problemIn(await create(server.url, JSON.stringify({ title }))).code).toBe(
        'payload_too_large',
      )
    }
  })

  test('a body of unknown length that turns out too large', async () => {
    await using server = await startServer(options)
    const body = `${chunk('{"title":"')}${chunk('x'.repeat(40)).repeat(3)}${chunk('"}')}0\r\n\r\n`
    const chunked = ['Transfer-Encoding', 'chunked'] as const
    expect(problemIn(await create(server.url, body, [json, chunked])).code).toBe(
      'payload_too_large',
    )
  })

  test('a declared length that is too large is refused before the body comes', async () => {
    await using server = await startServer(options)
    const answer = await create(server.url, '', [json, ['Content-Length', '1000000000000']])
    expect(problemIn(answer).code).toBe('payload_too_large')
  })

  test('a body of unknown length that fits is taken', async () => {
    await using server = await startServer(options)
    const body = `${chunk('{"title"')}${chunk(':"a"}')}0\r\n\r\n`
    const answer = await create(server.url, body, [json, ['Transfer-Encoding', 'chunked']])
    expect(answer.status).toBe(201)
  })
})

describe('415', () => {
  test.each([
    ['a form', 'application/x-www-form-urlencoded', 'title=a'],
    ['text', 'text/plain', '{}'],
    ['a multipart form', 'multipart/form-data; boundary=a', '--a--'],
    ['what looks like JSON', 'application/jsonp', '{}'],
    ['JSON inside something else', 'text/plain; application/json', '{}'],
    ['garbage', ';;;', '{}'],
    ['an empty type', '', '{}'],
  ])('%s', async (_what, type, body) => {
    await using server = await startServer()
    const answer = await create(server.url, body, [['Content-Type', type]])
    expect(problemIn(answer).code).toBe('unsupported_media_type')
  })

  test('a body without a type', async () => {
    await using server = await startServer()
    expect(problemIn(await create(server.url, '{}', [])).code).toBe('unsupported_media_type')
  })

  test.each([
    'application/json; charset=utf-8',
    'APPLICATION/JSON',
    'application/json;charset=UTF-8',
  ])('%s is taken', async (type) => {
    await using server = await startServer()
    expect((await create(server.url, '{}', [['Content-Type', type]])).status).toBe(201)
  })
})

describe('400', () => {
  test.each([
    ['cut off', '{"title":'],
    ['single quotes', "{'title':1}"],
    ['a comma too many', '{"title":"a",}'],
    ['two values', '{}{}'],
    ['bare words', 'title'],
    ['NaN', '{"title":NaN}'],
    ['only spaces', '   '],
    ['a raw line break in a string', '{"title":"a\nb"}'],
    ['an array', '[]'],
    ['a string', '"{}"'],
    ['a number', '1'],
    ['__proto__', '{"__proto__":{"title":"a"}}'],
    ['__proto__ further down', '{"metadata":{"__proto__":"a"}}'],
    ['__proto__ in disguise', '{"\\u005f_proto__":{"title":"a"}}'],
    ['a constructor with a prototype', '{"constructor":{"prototype":{"title":"a"}}}'],
    ['brackets without end', '['.repeat(100_000)],
    ['deep nesting', `{"title":${'['.repeat(50_000)}${']'.repeat(50_000)}}`],
  ])('%s', async (_what, body) => {
    await using server = await startServer()
    expect(problemIn(await create(server.url, body)).code).toBe('invalid_request')
  })

  test('fewer bytes than declared', async () => {
    await using server = await startServer()
    const head = `POST /conversations HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n`
    const bytes = `${head}Content-Length: 10\r\n\r\n{}`
    await exchangeBytes(server.url, bytes, { end: true })
    expect((await create(server.url, '{}')).status).toBe(201)
  })
})

describe('what JSON allows', () => {
  test.each([
    ['a lone surrogate', '{"title":"a\\ud800b"}', 'a\ud800b'],
    ['NUL', '{"title":"a\\u0000b"}', 'a\u0000b'],
    ['a line separator', '{"title":"a\u2028b"}', 'a\u2028b'],
    ['a name twice', '{"title":"a","title":"b"}', 'b'],
    ['a BOM before it', '\ufeff{"title":"a"}', 'a'],
    ['an escaped emoji', '{"title":"\\ud83d\\udca9"}', '\u{1f4a9}'],
  ])('%s', async (_what, body, title) => {
    await using server = await startServer()
    const created = await create(server.url, body)
    expect(created.status).toBe(201)
    const answer = await sendRaw(server.url, { path: created.headers.get('location') ?? '' })
    expect(JSON.parse(answer.body).title).toBe(title)
  })

  test('bytes that are not UTF-8 do no harm', async () => {
    await using server = await startServer()
    const body = Buffer.concat([
      Buffer.from('{"title":"'),
      Buffer.of(0xff, 0xc3),
      Buffer.from('"}'),
    ])
    expect([201, 400]).toContain((await create(server.url, body)).status)
  })

  test('names of every object are ordinary metadata', async () => {
    await using server = await startServer()
    const metadata = { constructor: 'a', toString: 'b', hasOwnProperty: 'c' }
    const created = await create(server.url, JSON.stringify({ metadata }))
    const answer = await sendRaw(server.url, { path: created.headers.get('location') ?? '' })
    expect(JSON.parse(answer.body).metadata).toEqual(metadata)
  })
})
