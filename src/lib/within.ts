/** The time for something ran out. */
class TimeoutError extends Error {
  override readonly name = 'TimeoutError'
}

/** Settles as `promise` does, or fails with a TimeoutError after so many milliseconds. */
export async function within<Result>(promise: Promise<Result>, ms: number): Promise<Result> {
  const { promise: timedOut, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new TimeoutError(`not done within ${ms} ms`)), ms)
  try {
    return await Promise.race([promise, timedOut])
  } finally {
    clearTimeout(timer)
  }
}
