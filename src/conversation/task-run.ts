import type { AbortReason, EventMsg } from '../../schemas/event.ts'
import { addTokens, noTokens, type TokenUsage } from '../../schemas/token-usage.ts'
import type { AgentSession, Task, TaskEnd, TaskMsg } from '../agents/agent.ts'
import type { EventWriter } from './event-writer.ts'

export interface TaskRunParts {
  readonly session: AgentSession
  readonly writer: EventWriter
  /** Milliseconds an aborted task has to end by itself. */
  readonly abortGraceMs: number
}

/** How a run ended, with the events that say so still to be emitted. */
export type RunEnd = TaskEnd | { readonly status: 'aborted'; readonly reason: AbortReason }

/** One task while it runs. */
export class TaskRun {
  readonly task: Task
  readonly startedAt: string
  readonly #parts: TaskRunParts
  readonly #controller = new AbortController()
  readonly #graceOver = Promise.withResolvers<void>()
  #abortReason: AbortReason | undefined
  #usage: TokenUsage | null = null
  #over = false

  constructor(task: Task, parts: TaskRunParts) {
    this.task = task
    this.#parts = parts
    parts.writer.emit(task.submissionId, { type: 'task_started' })
    this.startedAt = parts.writer.lastAt
  }

  /** The tokens of all its samplings; null where none were counted. */
  get usage(): TokenUsage | null {
    return this.#usage
  }

  /**
   * Runs the task until it ends, or, after an abort, until its grace time is over. Nothing it
   * emits after that is taken. Fails only if the agent has a defect.
   */
  async end(): Promise<RunEnd> {
    const { session } = this.#parts
    const io = { emit: (msg: TaskMsg) => this.#emit(msg), signal: this.#controller.signal }
    try {
      const running = session.runTask(this.task, io)
      const end = await Promise.race([running, this.#graceOver.promise])
      const aborted = this.#abortedEnd()
      if (aborted !== undefined) return aborted
      if (end === undefined) throw new Error('the grace time ended without an abort')
      return end
    } catch (error) {
      const aborted = this.#abortedEnd()
      if (aborted === undefined) throw error
      return aborted
    } finally {
      this.#over = true
    }
  }

  /** Tells the task to end. The first reason stands. */
  abort(reason: AbortReason): void {
    if (this.#abortReason !== undefined) return
    this.#abortReason = reason
    this.#controller.abort(new DOMException(`The task was aborted: ${reason}.`, 'AbortError'))
    setTimeout(this.#graceOver.resolve, this.#parts.abortGraceMs).unref()
  }

  #abortedEnd(): RunEnd | undefined {
    const reason = this.#abortReason
    return reason === undefined ? undefined : { status: 'aborted', reason }
  }

  #emit(msg: TaskMsg): Promise<void> {
    if (this.#over || this.#abortReason !== undefined) return Promise.resolve()
    if (msg.type === 'token_count') this.#usage = addTokens(this.#usage ?? noTokens, msg)
    this.#parts.writer.emit(this.task.submissionId, msg)
    return this.#parts.writer.ready()
  }
}

/** The event that ends a task. */
export function terminalMsg(end: RunEnd): EventMsg {
  switch (end.status) {
    case 'completed':
      return { type: 'task_complete', last_agent_message: end.lastAgentMessage }
    case 'failed':
      return { type: 'task_complete', last_agent_message: null }
    case 'aborted':
      return { type: 'turn_aborted', reason: end.reason }
  }
}
