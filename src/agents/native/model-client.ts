import type { EventErrorCode } from '../../../schemas/event.ts'
import type { ReasoningEffort, ReasoningSummary } from '../../../schemas/policies.ts'
import type { TokenUsage } from '../../../schemas/token-usage.ts'
import type { ModelItem, OutputItem } from './model-item.ts'

/** One request to a model. */
export interface ModelRequest {
  readonly conversationId: string
  readonly model: string
  readonly instructions: string
  readonly input: readonly ModelItem[]
  readonly effort?: ReasoningEffort | undefined
  readonly summary?: ReasoningSummary | undefined
}

/** What a model's stream says, in its order. */
export type ModelEvent =
  | { readonly type: 'text_delta'; readonly itemId: string; readonly delta: string }
  | { readonly type: 'reasoning_delta'; readonly delta: string }
  | { readonly type: 'reasoning_raw_delta'; readonly delta: string }
  | { readonly type: 'reasoning_section_break' }
  /** An item is whole. `rawReasoning` is the model's unsummarised reasoning, where it shows it. */
  | { readonly type: 'item_done'; readonly item: OutputItem; readonly rawReasoning?: string }
  /** Always the last. `incomplete` says why the model stopped before its end. */
  | {
      readonly type: 'completed'
      readonly usage: TokenUsage | null
      readonly incomplete?: string | undefined
    }

/**
 * Why a sampling failed. `retry` says whether the same request can succeed later: `request` when
 * the server did not take it (429, 5xx, no connection), `stream` when its answer broke off.
 */
export interface ModelFailure {
  readonly code: EventErrorCode
  readonly retry: 'never' | 'request' | 'stream'
  /** Milliseconds the server asked to wait. */
  readonly retryAfterMs?: number | undefined
}

export class ModelError extends Error {
  override readonly name = 'ModelError'
  readonly failure: ModelFailure

  constructor(message: string, failure: ModelFailure, cause?: unknown) {
    super(message, { cause })
    this.failure = failure
  }
}

/** One streamed sampling of a model. */
export interface ModelClient {
  /** The provider's name, as `session_configured` shows it. */
  readonly provider: string
  /**
   * Sends one request, once, and yields what the model streams, ending with `completed`. Throws a
   * ModelError when that cannot be had. An abort ends the request at the server too, and the
   * iteration throws the signal's reason.
   */
  sample(request: ModelRequest, signal: AbortSignal): AsyncIterable<ModelEvent>
  /** Closes the connections it keeps. */
  close(): Promise<void>
}
