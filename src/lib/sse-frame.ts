const newline = 0x0a
const dataPrefix = 'data: '

/**
 * The bytes of one event on an SSE stream. `json` is one line (JSON.stringify writes no raw line
 * break). `id:` comes last, so that a client that is cut off inside a frame has not moved its
 * cursor past what it has not seen; there is no `event:`, so that `onmessage` sees every event.
 */
export function eventFrame(seq: number, json: string): Buffer {
  return Buffer.from(`${dataPrefix}${json}\nid: ${seq}\n\n`)
}

/** The JSON line inside a frame that `eventFrame` made. */
export function jsonOfFrame(frame: Buffer): Buffer {
  return frame.subarray(dataPrefix.length, frame.indexOf(newline))
}

/** A block that moves a client's cursor and is no event to it. */
export function cursorFrame(seq: number): string {
  return `id: ${seq}\n\n`
}

/**
 * A comment: clients skip it, proxies and dead-peer detection see it. With a seq it also moves the
 * client's cursor.
 */
export function commentFrame(text: string, seq?: number): string {
  return `: ${text}\n${seq === undefined ? '\n' : cursorFrame(seq)}`
}

/** The server's own word about the stream. It has no `id:` and moves no cursor. */
export function controlFrame(control: Readonly<Record<string, unknown>>): string {
  return `event: control\ndata: ${JSON.stringify(control)}\n\n`
}

/** How long a client waits before it reconnects, in milliseconds, with a comment. */
export function retryFrame(milliseconds: number, comment: string): string {
  return `retry: ${milliseconds}\n${commentFrame(comment)}`
}
