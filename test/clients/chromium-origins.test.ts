import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Browser, Page } from 'playwright-core'
import {
  chromiumNote,
  hasChromium,
  launchChromium,
  openPage,
  strangerName,
} from '../support/browser.ts'
import { createFakeAgent } from '../support/fake-agent.ts'
import { createConversation, get } from '../support/http.ts'
import { LogLines } from '../support/log-lines.ts'
import { startPageServer, type PageServer } from '../support/page-server.ts'
import { startServer } from '../support/test-server.ts'
import { watchIn, watchPage } from './watch-page.ts'

describe.skipIf(!hasChromium)(`pages in Chromium${chromiumNote}`, () => {
  let browser: Browser
  let pages: PageServer

  beforeAll(async () => {
    browser = await launchChromium()
    pages = await startPageServer(watchPage)
  })

  afterAll(async () => {
    await browser.close()
    await pages[Symbol.asyncDispose]()
  })

  test.each(['127.0.0.1', 'localhost'])('on %s at another port can fetch', async (host) => {
    const agent = createFakeAgent({ runTask: (task) => task.complete('done') })
    await using server = await startServer({ agent })
    await using opened = await openPage(browser)
    await opened.page.goto(`http://${host}:${pages.port}/`)
    const created = await submit(opened.page, server.url)
    expect(created).toMatchObject({ status: 201, location: expect.stringContaining('/conv') })
    expect(created.requestId).not.toBe('')
    expect(opened.complaints).toEqual([])
  })

  test('on an origin that is not allowed can neither fetch nor watch', async () => {
    const log = new LogLines()
    await using server = await startServer({ logLine: log.write })
    const url = await createConversation(server.url)
    await using opened = await openPage(browser)
    await opened.page.goto(`http://${strangerName}:${pages.port}/`)
    expect(await submit(opened.page, server.url)).toEqual({ failed: 'TypeError' })
    await using client = await watchIn(opened.page, `${url}/events`)
    await client.closed
    // A request that browsers send without asking the server first.
    await opened.page.evaluate(
      async (to) => fetch(to, { method: 'POST', mode: 'no-cors' }).catch(() => undefined),
      `${server.url}/conversations`,
    )
    const { body } = await get(`${server.url}/conversations`)
    expect(body.data).toHaveLength(1)
    const refused = log.named('request').filter(({ status }) => status === 403)
    expect(refused.map(({ method }) => method)).toEqual(['OPTIONS', 'GET', 'POST'])
  })

  test('on an origin that the settings allow can fetch and watch', async () => {
    const allowedOrigins = [`http://${strangerName}:${pages.port}`]
    await using server = await startServer({ access: { allowedOrigins } })
    const url = await createConversation(server.url)
    await using opened = await openPage(browser)
    await opened.page.goto(`http://${strangerName}:${pages.port}/`)
    expect(await submit(opened.page, server.url)).toMatchObject({ status: 201 })
    await using client = await watchIn(opened.page, `${url}/events`)
    expect(await client.event()).toMatchObject({ seq: 1 })
  })

  test('cannot reach the server under a name that is not allowed', async () => {
    await using server = await startServer()
    await using opened = await openPage(browser)
    const { port } = new URL(server.url)
    const answer = await opened.page.goto(`http://${strangerName}:${port}/conversations`)
    expect(answer?.status()).toBe(403)
  })

  test('/docs shows every operation and no error', async () => {
    await using server = await startServer()
    await using opened = await openPage(browser)
    await opened.page.goto(`${server.url}/docs`)
    const operations = opened.page.locator('.opblock')
    await operations.first().waitFor({ state: 'visible' })
    const ids = await operationIds(server.url)
    expect(await operations.count()).toBe(ids.length)
    expect(ids).toEqual(expect.arrayContaining(['createConversation', 'submit', 'readEvents']))
    const read = opened.page.locator('.opblock', {
      hasText: '/conversations/{conversation_id}/events',
    })
    await read.first().click()
    await opened.page.getByText('Last-Event-ID', { exact: false }).first().waitFor()
    expect(opened.complaints).toEqual([])
  })
})

interface Submitted {
  readonly status?: number
  readonly location?: string | null
  readonly requestId?: string | null
  readonly failed?: string
}

/** Creates a conversation as a page's script would. */
async function submit(page: Page, serverUrl: string): Promise<Submitted> {
  return page.evaluate(async (url) => {
    try {
      const answer = await fetch(`${url}/conversations`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'idempotency-key': 'k' },
        body: JSON.stringify({ input: [{ type: 'text', text: 'hi' }] }),
      })
      const { status, headers } = answer
      return { status, location: headers.get('location'), requestId: headers.get('x-request-id') }
    } catch (error) {
      return { failed: String(Object(error).name) }
    }
  }, serverUrl)
}

async function operationIds(serverUrl: string): Promise<string[]> {
  const { body } = await get(`${serverUrl}/openapi.json`)
  const methods = Object.values<object>(body.paths).flatMap((path) => Object.values(path))
  return methods.flatMap(({ operationId }) => operationId ?? [])
}
