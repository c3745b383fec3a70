import { afterAll, beforeAll, describe } from 'vitest'
import type { Browser } from 'playwright-core'
import { chromiumNote, hasChromium, launchChromium, openPage } from '../support/browser.ts'
import { startPageServer, type PageServer } from '../support/page-server.ts'
import { clientTests } from './client-suite.ts'
import { watchIn, watchPage } from './watch-page.ts'

describe.skipIf(!hasChromium)(
  `the EventSource of Chromium, from another origin${chromiumNote}`,
  () => {
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

    clientTests(async (url) => {
      const { page } = await openPage(browser)
      await page.goto(`http://127.0.0.1:${pages.port}/`)
      return watchIn(page, url)
    })
  },
)
