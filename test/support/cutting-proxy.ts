import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

/** Where a connection is cut: after so many bytes of the answer, or inside some text of it. */
export type Cut = { readonly after: number } | { readonly inside: string; readonly byte: number }

export interface CuttingProxy extends AsyncDisposable {
  /** Without a slash at the end. */
  readonly url: string
  /** Connections it has cut so far. */
  readonly cuts: number
}

/**
 * A TCP proxy in front of a server. Whichever connection's answer first reaches the next of the
 * cuts passes on the bytes before it, and is then closed or reset on both sides. Once all cuts are
 * made it cuts no more.
 */
export async function startCuttingProxy(
  target: string,
  cuts: readonly Cut[],
): Promise<CuttingProxy> {
  const { hostname, port } = new URL(target)
  const pending = [...cuts]
  const sockets = new Set<Socket>()
  const server = createServer({ noDelay: true }, (client) => {
    const upstream = connect({ host: hostname, port: Number(port), noDelay: true })
    join(client, upstream, sockets)
    const passed: Buffer[] = []
    upstream.on('data', (chunk) => {
      passed.push(chunk)
      const end = cutAt(Buffer.concat(passed), pending[0])
      if (end === undefined) return void client.write(chunk)
      pending.shift()
      upstream.destroy()
      const before = byteCount(passed) - chunk.length
      client.write(chunk.subarray(0, Math.max(0, end - before)), () => {
        if (pending.length % 2 === 0) client.resetAndDestroy()
        else client.destroy()
      })
    })
    client.pipe(upstream)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const ownPort = typeof address === 'object' ? address?.port : undefined
  return {
    url: `http://127.0.0.1:${ownPort}`,
    get cuts() {
      return cuts.length - pending.length
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

/** Where one of the two ends, the other ends as well. */
function join(client: Socket, upstream: Socket, sockets: Set<Socket>): void {
  for (const [one, other] of [
    [client, upstream],
    [upstream, client],
  ] as const) {
    sockets.add(one)
    one.on('error', () => {})
    one.on('close', () => {
      sockets.delete(one)
      other.end()
    })
  }
}

/** How many of the bytes are passed on; undefined where the cut is not among them. */
function cutAt(passed: Buffer, cut: Cut | undefined): number | undefined {
  if (cut === undefined) return undefined
  if ('after' in cut) return passed.length >= cut.after ? cut.after : undefined
  const index = passed.indexOf(cut.inside)
  return index === -1 ? undefined : index + cut.byte
}

function byteCount(chunks: readonly Buffer[]): number {
  return chunks.reduce((sum, { length }) => sum + length, 0)
}
