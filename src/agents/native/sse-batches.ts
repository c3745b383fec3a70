import { createParser } from 'eventsource-parser'
import type { Readable } from 'node:stream'
import { ModelError } from './model-client.ts'

export interface SseBatchesOptions {
  /** What one event may hold, in characters. */
  readonly maxEventChars: number
  /** Told when the wait for the next event begins and when one came. */
  readonly idleTimer: { start(): void; stop(): void }
}

/**
 * The `data` of a body's SSE events, those that came together at once. Ends with the body, which
 * it leaves open when it is itself left early. The time its reader takes is not idle time.
 */
export async function* sseBatches(
  body: Readable,
  { maxEventChars, idleTimer }: SseBatchesOptions,
): AsyncGenerator<readonly string[]> {
  let batch: string[] = []
  let overflow = false
  const parser = createParser({
    maxBufferSize: maxEventChars,
    onEvent: ({ data }) => {
      if (data.length > maxEventChars) overflow = true
      else batch.push(data)
    },
    onError: (error) => {
      if (error.type === 'max-buffer-size-exceeded') overflow = true
    },
  })
  const decoder = new TextDecoder()
  for await (const chunk of chunksOf(body)) {
    parser.feed(decoder.decode(chunk, { stream: true }))
    if (batch.length > 0) {
      idleTimer.stop()
      yield batch
      batch = []
      idleTimer.start()
    }
    if (overflow) throw tooLarge()
  }
}

function chunksOf(body: Readable): AsyncIterable<Uint8Array> {
  return body.iterator({ destroyOnReturn: false })
}

function tooLarge(): ModelError {
  const message = "an event of the model's stream is larger than this service takes"
  return new ModelError(message, { code: 'model_incomplete', retry: 'never' })
}
