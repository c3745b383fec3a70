import type { Readable } from 'node:stream'

/** What a refusing server's page may cost. */
const maxPageBytes = 64 * 1024
const maxPageMs = 1000

/** How long a server may keep a finished response open before its connection is given up. */
const lingerMs = 1000

/** The start of a body as text, from at most 64 KiB and 1 s of it. Never throws. */
export async function readStart(body: Readable): Promise<string> {
  const timer = setTimeout(() => body.destroy(), maxPageMs)
  const chunks: Uint8Array[] = []
  let bytes = 0
  try {
    for await (const chunk of body as AsyncIterable<Uint8Array>) {
      chunks.push(chunk)
      bytes += chunk.byteLength
      if (bytes >= maxPageBytes) break
    }
  } catch {
    // What came before the body broke is all there is to tell.
  } finally {
    clearTimeout(timer)
  }
  return new TextDecoder().decode(Buffer.concat(chunks).subarray(0, maxPageBytes))
}

/**
 * Lets go of a body. A whole one may end by itself, in the background, so that its connection is
 * used again; any other is destroyed, which tells the server.
 */
export function releaseBody(body: Readable, whole: boolean): void {
  if (!whole || body.destroyed) {
    body.destroy()
    return
  }
  const timer = setTimeout(() => body.destroy(), lingerMs)
  timer.unref()
  body.once('close', () => clearTimeout(timer)).resume()
}
