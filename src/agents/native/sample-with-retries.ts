import { setTimeout as delay } from 'node:timers/promises'
import type { TaskIo } from '../agent.ts'
import {
  ModelError,
  type ModelClient,
  type ModelFailure,
  type ModelRequest,
} from './model-client.ts'
import type { OutputItem } from './model-item.ts'
import { createResponseDraft, type ResponseDraft } from './response-draft.ts'
import { retryDelay, type RetryLimits } from './retry-delay.ts'
import { taskMessages } from './task-messages.ts'

export interface Sampling {
  readonly client: ModelClient
  readonly request: ModelRequest
  readonly io: TaskIo
  readonly limits: RetryLimits
  readonly showRawReasoning: boolean
}

/** How a sampling ended. `items` is what was said, cut off or not, by one attempt only. */
export type SamplingEnd =
  | { readonly status: 'completed' | 'aborted'; readonly items: readonly OutputItem[] }
  | {
      readonly status: 'failed'
      readonly items: readonly OutputItem[]
      readonly error: ModelError
    }

/**
 * Samples the model once and tells the task what it says, trying again where that can help. Each
 * retry is announced, and what the attempt before it said is dropped once the model speaks again.
 * Throws only for defects.
 */
export async function sampleWithRetries(sampling: Sampling): Promise<SamplingEnd> {
  const { io, limits } = sampling
  const retries = { request: 0, stream: 0 }
  let said: readonly OutputItem[] = []
  for (;;) {
    const draft = createResponseDraft()
    const error = await attempt(sampling, draft)
    const items = draft.items()
    if (error === null) return { status: 'completed', items }
    if (items.length > 0) said = items
    if (io.signal.aborted) return { status: 'aborted', items: said }
    const { retry } = error.failure
    if (retry === 'never') return { status: 'failed', items: said, error }
    if (retries[retry] === limits[retry]) {
      return { status: 'failed', items: said, error: givenUp(error, limits[retry]) }
    }
    retries[retry] += 1
    const waitMs = retryDelay(error.failure, retries[retry], limits)
    const count = `${retries[retry]}/${limits[retry]}`
    const message = `stream error: ${error.message}; retrying ${count} in ${waitMs} ms`
    await io.emit({ type: 'stream_error', message })
    // An abort ends the wait; the client then throws at once.
    await delay(waitMs, undefined, { signal: io.signal }).catch(() => {})
  }
}

/** Null when the model said all it wanted to. After an abort, the error is of no account. */
async function attempt(sampling: Sampling, draft: ResponseDraft): Promise<ModelError | null> {
  const { client, request, io } = sampling
  try {
    for await (const event of client.sample(request, io.signal)) {
      draft.add(event)
      for (const msg of taskMessages(event, sampling.showRawReasoning)) await io.emit(msg)
      if (event.type === 'completed' && event.incomplete !== undefined) {
        return stoppedEarly(event.incomplete)
      }
    }
    return null
  } catch (error) {
    if (error instanceof ModelError) return error
    if (io.signal.aborted) return aborted
    throw error
  }
}

const aborted = new ModelError('aborted', { code: 'internal', retry: 'never' })

function stoppedEarly(reason: string): ModelError {
  const failure: ModelFailure = { code: 'model_incomplete', retry: 'never' }
  return new ModelError(`the model stopped before its end: ${reason}`, failure)
}

function givenUp(error: ModelError, retries: number): ModelError {
  const message = `${error.message}; gave up (retries: ${retries})`
  return new ModelError(message, error.failure, error)
}
