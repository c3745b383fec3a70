import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { Problem } from '../../schemas/problem.ts'
import { checkAnswer, Document, isProblem } from '../support/documented-answer.ts'
import { createFakeAgent } from '../support/fake-agent.ts'
import { createConversation, get } from '../support/http.ts'
import { sendRaw, type RawRequest } from '../support/raw-http.ts'
import { body, header, methods, query, strangeId } from '../support/request-arbitraries.ts'
import { startServer } from '../support/test-server.ts'

test('no request makes the server fail, and every answer is as the document says', async () => {
  const agent = createFakeAgent({ runTask: (task) => task.complete('done') })
  await using server = await startServer({ agent, maxBodyBytes: 4096 })
  const { paths } = Document.parse((await get(`${server.url}/openapi.json`)).body)
  const { pathname } = new URL(await createConversation(server.url))
  const known = pathname.split('/').at(-1) ?? ''

  const request = fc
    .record({
      method: fc.constantFrom(...methods),
      path: fc.constantFrom(...Object.keys(paths)),
      id: fc.oneof({ weight: 3, arbitrary: fc.constant(known) }, strangeId),
      query: fc.oneof({ weight: 2, arbitrary: fc.constant('') }, query),
      headers: fc.array(header, { maxLength: 4 }),
      isJson: fc.oneof({ weight: 3, arbitrary: fc.constant(true) }, fc.boolean()),
      body,
    })
    // What a DELETE's body may be is tested by itself. The one conversation that is there stays.
    .filter(({ method, path, id }) => !(method === 'DELETE' && id === known && path.endsWith('}')))
    .filter(({ body: sent }) => !String(sent).includes('shutdown'))
    .map((sent) => (sent.method === 'DELETE' ? withoutBody(sent) : sent))

  await fc.assert(
    fc.asyncProperty(request, async (sent) => {
      const answer = await sendRaw(server.url, toRaw(sent))
      checkAnswer(answer, sent.method, paths[sent.path] ?? {})
    }),
    { numRuns: 1_500, interruptAfterTimeLimit: 15_000, markInterruptAsFailure: false },
  )
  expect((await get(`${server.url}/healthz`)).status).toBe(200)
})

test('nor does any path or method', async () => {
  await using server = await startServer()
  const path = fc.oneof(
    fc.webPath().map((text) => `/${text}`),
    fc.string({ unit: fc.constantFrom(...'/.%2eabc:*?#;&=[]{}|\\~@+,"<>^`'.split('')) }),
  )
  const method = fc.constantFrom(...methods, 'OPTIONS', 'TRACE', 'PROPFIND', 'LOCK', 'QUERY')
  await fc.assert(
    fc.asyncProperty(method, path, async (verb, target) => {
      const answer = await sendRaw(server.url, {
        method: verb,
        path: `/${target}`,
        headers: [['Connection', 'close']],
      })
      expect(answer.status).toBeLessThan(500)
      if (isProblem(answer) && verb !== 'HEAD') Problem.parse(JSON.parse(answer.body))
    }),
    { numRuns: 300, interruptAfterTimeLimit: 4_000, markInterruptAsFailure: false },
  )
})

interface Sent {
  readonly method: string
  readonly path: string
  readonly id: string
  readonly query: string
  readonly headers: readonly (readonly [string, string])[]
  readonly isJson: boolean
  readonly body: string | Buffer | undefined
}

function withoutBody(sent: Sent): Sent {
  const headers = sent.headers.filter(([name]) => name !== 'Content-Type')
  return { ...sent, headers, isJson: false, body: undefined }
}

function toRaw({
  method,
  path,
  id,
  query: search,
  headers,
  isJson,
  body: content,
}: Sent): RawRequest {
  const type: readonly (readonly [string, string])[] = isJson
    ? [['Content-Type', 'application/json']]
    : []
  return {
    method,
    path: path.replace('{conversation_id}', id) + search,
    headers: [['Connection', 'close'], ...type, ...headers],
    ...(content === undefined ? {} : { body: content }),
  }
}
