import type { Report } from './messages.ts'

/** Milliseconds a process has to end by itself once its parent has let go of it. */
const lingerMs = 2_000

/**
 * The child's end of the control channel: runs `handle` per command and sends what it returns. A
 * failure ends the process, which fails whatever its parent waits for. When the parent lets go of
 * the channel, `close` is called.
 */
export function control<Command>(
  isCommand: (message: unknown) => message is Command,
  handle: (command: Command) => Promise<Report | undefined> | Report | undefined,
  close: () => Promise<void> | void,
): void {
  process.on('message', (message: unknown) => {
    if (isCommand(message)) void answer(async () => handle(message))
  })
  process.once('disconnect', () => {
    setTimeout(() => process.exit(), lingerMs).unref()
    void close()
  })
}

/** Sends what was not asked for. */
export function report(message: Report): void {
  if (process.connected) process.send?.(message)
}

async function answer(work: () => Promise<Report | undefined>): Promise<void> {
  try {
    const message = await work()
    if (message !== undefined) report(message)
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`)
    process.exit(1)
  }
}
