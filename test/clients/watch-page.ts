import type { Page } from 'playwright-core'
import { EventClient, type Message } from './event-client.ts'

/** A page that opens an EventSource when it is told to, and reports what that says. */
export const watchPage = `<!doctype html>
<title>watch</title>
<script>
  function watch(url) {
    const source = new EventSource(url)
    const send = (kind) => ({ data, lastEventId }) => report(kind, { data, lastEventId })
    source.onmessage = send('message')
    source.addEventListener('control', send('control'))
    source.onerror = () => {
      if (source.readyState === EventSource.CLOSED) report('closed', null)
    }
  }
</script>
`

/** Opens an EventSource in a page that shows `watchPage`. */
export async function watchIn(page: Page, url: string): Promise<EventClient> {
  const client = new EventClient(async () => {
    if (!page.isClosed()) await page.close()
  })
  await page.exposeFunction('report', (kind: string, message: Message) => {
    if (kind === 'message') client.messages.push(message)
    else if (kind === 'control') client.controls.push(message)
    else client.setClosed()
  })
  await page.evaluate(`watch(${JSON.stringify(url)})`)
  return client
}
