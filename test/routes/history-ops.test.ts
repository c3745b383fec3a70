import { appendFile, mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { createConversation, post, say } from '../support/http.ts'
import { eventsAfter, submit } from '../support/submissions.ts'
import { startServer, type TestServer } from '../support/test-server.ts'

const add = (text: string): object => ({ type: 'add_to_history', text })
const ask = (log_id: number, offset: number): object => ({
  type: 'get_history_entry_request',
  offset,
  log_id,
})
const fileOf = ({ codexHome }: TestServer): string => join(codexHome, 'history.jsonl')
const unavailable = {
  type: 'error',
  code: 'history_unavailable',
  message: expect.any(String),
}

/** Submits and gives what the submission caused. */
async function caused(url: string, op: object): Promise<object[]> {
  const { status, body } = await submit(url, op)
  expect([status, body.outcome]).toEqual([202, 'applied'])
  const events = await eventsAfter(url, body.after)
  expect(events.every((event) => event.submission_id === body.submission_id)).toBe(true)
  return events.map((event) => event.msg)
}

async function configured(server: TestServer): Promise<{ log_id: number; count: number }> {
  const { body } = await post(`${server.url}/conversations`)
  const { history_log_id, history_entry_count } = body.session_configured
  return { log_id: history_log_id, count: history_entry_count }
}

describe('add_to_history', () => {
  test('adds a line that only the owner can read, and no event', async () => {
    await using server = await startServer()
    const url = await createConversation(server.url)
    const before = Math.floor(Date.now() / 1000)
    expect(await caused(url, add('first\nline "quoted"'))).toEqual([])
    expect(await caused(url, add('second'))).toEqual([])
    const lines = (await readFile(fileOf(server), 'utf8')).split('\n')
    expect(lines.pop()).toBe('')
    const session_id = url.split('/').at(-1)
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      { session_id, ts: expect.any(Number), text: 'first\nline "quoted"' },
      { session_id, ts: expect.any(Number), text: 'second' },
    ])
    expect(JSON.parse(lines[0] ?? '').ts).toBeGreaterThanOrEqual(before)
    expect((await stat(fileOf(server))).mode & 0o777).toBe(0o600)
  })

  test('takes a file that others could read from them', async () => {
    await using server = await startServer()
    await writeFile(fileOf(server), '', { mode: 0o644 })
    await submit(await createConversation(server.url), add('private'))
    expect((await stat(fileOf(server))).mode & 0o777).toBe(0o600)
  })

  test('keeps the lines of other programs', async () => {
    await using server = await startServer()
    const theirs = '{"session_id":"codex","ts":1,"text":"theirs","more":true}\n'
    await writeFile(fileOf(server), theirs)
    expect(await configured(server)).toMatchObject({ count: 1 })
    const url = await createConversation(server.url)
    await submit(url, add('ours'))
    await appendFile(fileOf(server), theirs)
    expect(await readFile(fileOf(server), 'utf8')).toMatch(/^.*theirs.*\n.*ours.*\n.*theirs.*\n$/)
    const { log_id, count } = await configured(server)
    expect(count).toBe(3)
    expect(await caused(url, ask(log_id, 2))).toEqual([
      {
        type: 'get_history_entry_response',
        offset: 2,
        log_id,
        entry: { session_id: 'codex', ts: 1, text: 'theirs' },
      },
    ])
  })

  test('of all conversations goes into one file', async () => {
    await using server = await startServer()
    const urls = await Promise.all([1, 2, 3].map(() => createConversation(server.url)))
    await Promise.all(urls.flatMap((url) => ['a', 'b', 'c'].map((text) => submit(url, add(text)))))
    expect((await configured(server)).count).toBe(9)
  })
})

describe('get_history_entry_request', () => {
  test('answers the entry at an offset', async () => {
    await using server = await startServer()
    const url = await createConversation(server.url)
    for (const text of ['zero', 'one', 'two 😀']) await submit(url, add(text))
    const { log_id, count } = await configured(server)
    expect([log_id > 0, count]).toEqual([true, 3])
    for (const [offset, text] of ['zero', 'one', 'two 😀'].entries()) {
      expect(await caused(url, ask(log_id, offset))).toMatchObject([
        { type: 'get_history_entry_response', offset, log_id, entry: { text } },
      ])
    }
  })

  test('answers null for another log, and beyond the end', async () => {
    await using server = await startServer()
    const url = await createConversation(server.url)
    await submit(url, add('zero'))
    const { log_id } = await configured(server)
    for (const [asked, offset] of [
      [log_id + 1, 0],
      [0, 0],
      [log_id, 1],
      [log_id, 2 ** 40],
    ] as const) {
      expect(await caused(url, ask(asked, offset))).toEqual([
        { type: 'get_history_entry_response', offset, log_id: asked, entry: null },
      ])
    }
  })

  test('answers null where there is no history yet', async () => {
    await using server = await startServer()
    expect(await configured(server)).toEqual({ log_id: 0, count: 0 })
    const url = await createConversation(server.url)
    expect(await caused(url, ask(0, 0))).toMatchObject([{ entry: null }])
  })

  test('answers null for a line that is no entry', async () => {
    await using server = await startServer()
    await writeFile(fileOf(server), 'not JSON\n{"text":1}\n\n')
    const url = await createConversation(server.url)
    const { log_id, count } = await configured(server)
    expect(count).toBe(3)
    for (const offset of [0, 1, 2]) {
      expect(await caused(url, ask(log_id, offset))).toMatchObject([{ offset, entry: null }])
    }
  })
})

describe('a history that cannot be used', () => {
  test('is said by an event; the conversation goes on', async () => {
    await using server = await startServer()
    const url = await createConversation(server.url)
    await mkdir(fileOf(server))
    expect(await caused(url, add('a'))).toEqual([unavailable])
    const inode = (await stat(fileOf(server))).ino
    expect(await caused(url, ask(inode, 0))).toEqual([unavailable])
    expect((await submit(url, say('a'))).body.outcome).toBe('started')
  })

  test('does not keep conversations from starting', async () => {
    await using server = await startServer()
    await mkdir(fileOf(server))
    const { status } = await post(`${server.url}/conversations`)
    expect(status).toBe(201)
  })
})
