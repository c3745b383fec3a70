import type { Op } from '../../schemas/op.ts'
import type { SubmissionReceipt } from '../../schemas/submission.ts'
import { ParleyError } from '../../src/errors.ts'
import type { ConversationManager } from '../../src/conversation/conversation-manager.ts'
import { createFakeAgent, type FakeTask } from './fake-agent.ts'
import { startManager, type TestManager } from './test-manager.ts'

/** What a submission came to: its outcome, or the code that refused it. */
export type Answer = SubmissionReceipt | { readonly refused: string }

/** What the agent's side has seen, and how it behaves. */
interface Seen {
  readonly running: FakeTask[]
  most: number
  takesSteering: boolean
}

/** A conversation whose tasks, stubborn ones, the test ends; it counts what runs at once. */
export class ModelledConversation implements AsyncDisposable {
  readonly #service: TestManager
  readonly #seen: Seen
  readonly #open: () => number
  readonly id: string

  private constructor(service: TestManager, id: string, seen: Seen, open: () => number) {
    this.#service = service
    this.#seen = seen
    this.#open = open
    this.id = id
  }

  static async start(): Promise<ModelledConversation> {
    const seen: Seen = { running: [], most: 0, takesSteering: true }
    const agent = createFakeAgent({
      heedsAborts: false,
      get takesSteering() {
        return seen.takesSteering
      },
      runTask(task) {
        seen.running.push(task)
        seen.most = Math.max(seen.most, seen.running.length)
      },
    })
    const service = await startManager(agent, { abortGraceMs: 60_000 })
    const { conversation_id } = (await service.manager.create({})).answer
    return new ModelledConversation(service, conversation_id, seen, () => agent.openSessions)
  }

  get manager(): ConversationManager {
    return this.#service.manager
  }

  get openSessions(): number {
    return this.#open()
  }

  /** The task that runs now. */
  get task(): FakeTask | undefined {
    return this.#seen.running[0]
  }

  /** The most tasks that ran at once. */
  get mostAtOnce(): number {
    return this.#seen.most
  }

  set takesSteering(takes: boolean) {
    this.#seen.takesSteering = takes
  }

  view() {
    return this.manager.get(this.id).view()
  }

  events() {
    return this.#service.log.events(this.id)
  }

  async submit(op: Op): Promise<Answer> {
    try {
      return (await this.manager.submit(this.id, op)).receipt
    } catch (error) {
      if (error instanceof ParleyError) return { refused: error.code }
      throw error
    }
  }

  /** Lets the running task end, if there is one, and waits until the conversation knows. */
  async endTask(how: 'complete' | 'fail' | 'crash'): Promise<void> {
    const task = this.#seen.running.shift()
    if (task === undefined) return
    if (how === 'complete') task.complete('done')
    if (how === 'fail') task.fail('model_rejected', 'no')
    if (how === 'crash') task.crash(new Error('a defect'))
    const submission_id = task.task.submissionId
    const receipt = { submission_id, outcome: 'started' as const, after: 0 }
    const never = new AbortController().signal
    await this.manager.get(this.id).taskResult(receipt, never)
  }

  /** Lets everything end that runs or waits. */
  async settle(): Promise<void> {
    while (this.task !== undefined) await this.endTask('complete')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#service[Symbol.asyncDispose]()
  }
}
