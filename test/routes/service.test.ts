import { describe, expect, test } from 'vitest'
import { createFakeAgent } from '../support/fake-agent.ts'
import { createConversation, get, post, say, send } from '../support/http.ts'
import { problemIn } from '../support/problem.ts'
import { SseReader } from '../support/sse-reader.ts'
import { startServer } from '../support/test-server.ts'

describe('probes', () => {
  test('say ok', async () => {
    await using server = await startServer()
    for (const path of ['/healthz', '/readyz']) {
      const answer = await get(`${server.url}${path}`)
      expect([answer.status, answer.body]).toEqual([200, { status: 'ok' }])
      expect((await fetch(`${server.url}${path}`, { method: 'HEAD' })).status).toBe(200)
    }
  })

  test('while draining the service is alive but not ready, and reads go on', async () => {
    const agent = createFakeAgent()
    await using server = await startServer({ agent, drainMs: 60_000 })
    const conversation = await createConversation(server.url)
    await post(`${conversation}/submissions`, say('work'))
    const task = await agent.nextTask()
    await using reader = await SseReader.open(`${conversation}/events`)
    await reader.until('task_started')
    const closing = server.app.close()

    const ready = await get(`${server.url}/readyz`)
    expect(problemIn(ready).code).toBe('shutting_down')
    expect(Number(ready.headers.get('retry-after'))).toBeGreaterThan(0)
    expect((await get(`${server.url}/healthz`)).status).toBe(200)
    expect((await get(conversation)).body.status).toBe('running')
    expect((await get(`${conversation}/events`)).body.last_seq).toBe(3)
    expect((await fetch(`${server.url}/metrics`)).status).toBe(200)

    await task.say('almost')
    expect((await reader.event()).msg).toEqual({ type: 'agent_message_delta', delta: 'almost' })
    task.complete('done')
    await reader.until('task_complete')
    expect(await reader.block()).toMatchObject({ event: 'control' })
    await closing
  })
})

describe('a stream that is opened late in the drain', () => {
  test('is refused or told, and does not keep the server from closing', async () => {
    const agent = createFakeAgent()
    const maxLogBytes = 2 ** 26
    await using server = await startServer({
      agent,
      maxLogBytes,
      drainMs: 10_000,
      streams: { heartbeatMs: 100 },
    })
    const conversation = await createConversation(server.url)
    await using stalled = await SseReader.open(`${conversation}/events`)
    await stalled.event()
    stalled.pause()
    await using other = await SseReader.open(`${conversation}/events?types=task_complete`)
    await post(`${conversation}/submissions`, say('talk'))
    const task = await agent.nextTask()
    for (let n = 0; n < 100; n += 1) await task.say('x'.repeat(200_000))
    task.complete()
    await other.until('task_complete')

    const closing = server.app.close()
    expect(await other.block()).toMatchObject({ event: 'control' })
    await using late = await SseReader.open(`${conversation}/events?types=task_complete`)
    expect(late.status === 503 || (await endsWithin(late, 30))).toBe(true)
    await closing
  })
})

describe('the reference', () => {
  test('/docs is a page that may not be framed and loads only its own files', async () => {
    await using server = await startServer()
    for (const path of ['/docs', '/docs/']) {
      const answer = await fetch(`${server.url}${path}`)
      expect(answer.status).toBe(200)
      expect(answer.headers.get('content-type')).toMatch(/^text\/html/)
      expect(answer.headers.get('content-security-policy')).toContain("default-src 'self'")
      const page = await answer.text()
      expect(page).toContain('swagger-ui')
      expect(page).not.toMatch(/(?:src|href)="(?:https?:)?\/\//)
      expect(page).not.toMatch(/<script>/)
    }
  })

  test('/docs shows this document', async () => {
    await using server = await startServer()
    const shown = await fetch(`${server.url}/docs/json`)
    const document = await fetch(`${server.url}/openapi.json`)
    expect(await shown.json()).toEqual(await document.json())
  })

  test.each(['%2e%2e/%2e%2e/package.json', '..%2f..%2fpackage.json', '.git/config', 'x%00.js'])(
    '/docs/static/%s gives nothing away',
    async (path) => {
      await using server = await startServer()
      const answer = await get(`${server.url}/docs/static/${path}`)
      expect([400, 403, 404]).toContain(answer.status)
    },
  )

  test('/openapi.json and .yaml have their types and name every route', async () => {
    await using server = await startServer()
    const json = await fetch(`${server.url}/openapi.json`)
    const yaml = await fetch(`${server.url}/openapi.yaml`)
    expect(json.headers.get('content-type')).toBe('application/json; charset=utf-8')
    expect(yaml.headers.get('content-type')).toBe('application/yaml; charset=utf-8')
    const text = await yaml.text()
    const { openapi, paths } = await get(`${server.url}/openapi.json`).then(({ body }) => body)
    await json.body?.cancel()
    expect(openapi).toBe('3.1.0')
    expect(new Set(Object.keys(paths))).toEqual(
      new Set([
        '/conversations',
        '/conversations/{conversation_id}',
        '/conversations/{conversation_id}/submissions',
        '/conversations/{conversation_id}/events',
        '/healthz',
        '/readyz',
        '/metrics',
      ]),
    )
    for (const path of Object.keys(paths)) expect(text).toContain(`  ${path}:\n`)
  })
})

describe('an unknown query parameter is refused', () => {
  const routes: readonly (readonly [method: string, path: string, body: object | undefined])[] = [
    ['POST', '/conversations', {}],
    ['GET', '/conversations', undefined],
    ['GET', '/conversations/:id', undefined],
    ['PATCH', '/conversations/:id', { title: 'a' }],
    ['DELETE', '/conversations/:id', undefined],
    ['POST', '/conversations/:id/submissions', { type: 'get_history' }],
    ['GET', '/conversations/:id/events', undefined],
    ['HEAD', '/conversations/:id/events', undefined],
    ['GET', '/healthz', undefined],
    ['GET', '/readyz', undefined],
    ['GET', '/metrics', undefined],
    ['GET', '/openapi.yaml', undefined],
    ['GET', '/openapi.json', undefined],
  ]

  test.each(routes)('%s %s', async (method, path, body) => {
    await using server = await startServer()
    const conversation = await createConversation(server.url)
    const id = conversation.split('/').at(-1) ?? ''
    const url = `${server.url}${path.replace(':id', id)}`
    for (const query of ['colour=red', 'colour', 'LIMIT=1', '__proto__=1', 'constructor=1']) {
      const answer = await send(method, `${url}?${query}`, body)
      expect([query, answer.status]).toEqual([query, 400])
      const errors = method === 'HEAD' ? undefined : problemIn(answer, 'invalid_request').errors
      const pointers = errors?.map(({ pointer }) => pointer)
      expect([query, pointers ?? []]).toEqual([
        query,
        method === 'HEAD' ? [] : [`/${query.split('=')[0]}`],
      ])
    }
    const { body: list } = await get(`${server.url}/conversations`)
    expect(list.data).toHaveLength(1)
    expect(list.data[0].last_seq).toBe(1)
  })
})

/** Whether a stream says its last word, or ends, before so many heartbeats. */
async function endsWithin(reader: SseReader, beats: number): Promise<boolean> {
  for (let beat = 0; beat < beats;) {
    const block = await reader.block()
    if (block === undefined || block.event === 'control') return true
    if (block.data === undefined) beat += 1
  }
  return false
}
