/** Measures for how long nothing came. Runs from its making on, until it is disposed. */
export interface IdleTimer extends Disposable {
  readonly ms: number
  /** Aborted once the timer has run out. */
  readonly signal: AbortSignal
  /** Runs for its whole time again. */
  start(): void
  stop(): void
}

export function startIdleTimer(ms: number): IdleTimer {
  const controller = new AbortController()
  const run = () => setTimeout(() => controller.abort(), ms)
  let timer = run()
  const stop = () => clearTimeout(timer)
  const start = () => {
    stop()
    timer = run()
  }
  return { ms, signal: controller.signal, start, stop, [Symbol.dispose]: stop }
}
