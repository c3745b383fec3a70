import { once } from 'node:events'
import { createServer } from 'node:http'

export interface PageServer extends AsyncDisposable {
  readonly port: number | undefined
}

/** Serves one HTML page under every path, from an origin of its own. */
export async function startPageServer(html: string): Promise<PageServer> {
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(html)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : undefined
  return {
    port,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
