import type { EventLog } from '../../src/log/event-log.ts'

/** Opens an empty log; the suite closes it. */
export type OpenEventLog = () => Promise<EventLog>

/** A log that is closed at the end of its block. */
export async function openLog(
  open: OpenEventLog,
): Promise<AsyncDisposable & { readonly log: EventLog }> {
  const log = await open()
  return { log, [Symbol.asyncDispose]: () => log.close() }
}
