import { existsSync } from 'node:fs'
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core'

const executablePath = '/usr/bin/chromium'

export const hasChromium = existsSync(executablePath)

/** For the name of what needs it. */
export const chromiumNote = hasChromium ? '' : ` (skipped: there is no ${executablePath})`

/** Under this name a page on this machine is not on a loopback origin. */
export const strangerName = 'page.test'

export async function launchChromium(): Promise<Browser> {
  const args = [
    '--headless',
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    `--host-resolver-rules=MAP ${strangerName} 127.0.0.1`,
  ]
  return chromium.launch({ executablePath, args })
}

/** A page of its own context, with what it and the browser complain about. */
export interface OpenPage extends AsyncDisposable {
  readonly page: Page
  readonly complaints: readonly string[]
}

export async function openPage(browser: Browser): Promise<OpenPage> {
  const context: BrowserContext = await browser.newContext()
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text())
  })
  page.on('pageerror', (error) => complaints.push(String(error)))
  return {
    page,
    complaints,
    async [Symbol.asyncDispose]() {
      await context.close()
    },
  }
}
