import type { ConversationStatus } from '../../schemas/conversation.ts'
import type { Op } from '../../schemas/op.ts'

/** What the contract says of a conversation, in as few words as it takes. */
export class ConversationModel {
  takesSteering = true
  active: string | undefined
  queue: string[] = []
  #aborting = false
  #shutDown = false
  #next = 0

  get status(): ConversationStatus {
    if (this.active !== undefined) return 'running'
    return this.#shutDown ? 'closed' : 'idle'
  }

  /** What a submission must be answered, but for `after`. */
  submit(op: Op): object {
    if (this.#shutDown) return { refused: 'conversation_closed' }
    if (op.type === 'user_input' || op.type === 'user_turn') return this.#input(op.delivery)
    if (op.type === 'interrupt') return this.#interrupt(op.clear_queue)
    if (op.type === 'shutdown') return this.#shutdown()
    return { submission_id: this.#id(), outcome: 'applied' }
  }

  taskEnded(): void {
    this.active = this.queue.shift()
    this.#aborting = false
  }

  #input(delivery: 'steer' | 'queue' | 'reject'): object {
    if (this.active === undefined) {
      this.active = this.#id()
      return { submission_id: this.active, outcome: 'started' }
    }
    if (delivery === 'reject') return { refused: 'task_running' }
    const submission_id = this.#id()
    if (delivery === 'steer' && !this.#aborting && this.takesSteering) {
      return { submission_id, outcome: 'steered', task_submission_id: this.active }
    }
    this.queue.push(submission_id)
    return { submission_id, outcome: 'queued' }
  }

  #interrupt(clearQueue: boolean): object {
    if (clearQueue) this.queue = []
    const submission_id = this.#id()
    if (this.active === undefined) return { submission_id, outcome: 'idle' }
    this.#aborting = true
    return { submission_id, outcome: 'interrupted' }
  }

  #shutdown(): object {
    this.queue = []
    this.#shutDown = true
    return { submission_id: this.#id(), outcome: 'closing' }
  }

  #id(): string {
    this.#next += 1
    return String(this.#next - 1)
  }
}
