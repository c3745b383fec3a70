import type { ModelFailure } from './model-client.ts'

/** How often and after what time a sampling is tried again. */
export interface RetryLimits {
  /** For a request that the server did not take. */
  readonly request: number
  /** For a stream that broke off. */
  readonly stream: number
  /** Milliseconds before the first retry; doubled for each further one. */
  readonly baseDelayMs: number
  /** Milliseconds no wait is longer than, whatever the server asks for. */
  readonly maxDelayMs: number
}

export const defaultRetryLimits: RetryLimits = {
  request: 4,
  stream: 5,
  baseDelayMs: 200,
  maxDelayMs: 60_000,
}

/** Milliseconds to wait before the nth retry: the server's own wish, or a growing time ±10 %. */
export function retryDelay(failure: ModelFailure, n: number, limits: RetryLimits): number {
  const jitter = 0.9 + Math.random() * 0.2
  const wanted = failure.retryAfterMs ?? limits.baseDelayMs * 2 ** (n - 1) * jitter
  return Math.round(Math.min(wanted, limits.maxDelayMs))
}
