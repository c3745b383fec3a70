import type { TaskResult } from '../../schemas/submission.ts'

/** How a task ended; `after` is each waiting caller's own. */
export type SettledTask = Omit<TaskResult, 'after'>

/** Results that are kept for callers that ask late, per conversation. */
const maxKept = 256

/** How a conversation's tasks ended, for those who wait for it. */
export class TaskResults {
  readonly #results = new Map<string, SettledTask>()
  readonly #expected = new Set<string>()
  readonly #waiters = new Map<string, Set<(result: SettledTask) => void>>()

  /** Says that this submission's task will have a result. */
  expect(submissionId: string): void {
    this.#expected.add(submissionId)
  }

  /** Tells everyone who waits; each expected task has one result. */
  settle(result: SettledTask): void {
    const id = result.submission_id
    this.#expected.delete(id)
    this.#results.set(id, result)
    for (const tell of this.#waiters.get(id) ?? []) tell(result)
    this.#waiters.delete(id)
    if (this.#results.size > maxKept) {
      for (const oldest of this.#results.keys()) {
        this.#results.delete(oldest)
        break
      }
    }
  }

  /**
   * The result of a submission's task once there is one. Undefined if `signal` comes first, and at
   * once where none is expected (any more).
   */
  async wait(submissionId: string, signal: AbortSignal): Promise<SettledTask | undefined> {
    const known = this.#results.get(submissionId)
    if (known !== undefined || signal.aborted || !this.#expected.has(submissionId)) return known
    const { promise, resolve } = Promise.withResolvers<SettledTask | undefined>()
    const waiters = this.#waiters.get(submissionId) ?? new Set()
    this.#waiters.set(submissionId, waiters)
    const giveUp = () => resolve(undefined)
    waiters.add(resolve)
    signal.addEventListener('abort', giveUp)
    try {
      return await promise
    } finally {
      signal.removeEventListener('abort', giveUp)
      waiters.delete(resolve)
      if (waiters.size === 0 && this.#waiters.get(submissionId) === waiters) {
        this.#waiters.delete(submissionId)
      }
    }
  }
}
