import type { FakeAgent, FakeTask } from './fake-agent.ts'
import { createConversation } from './http.ts'

/** A conversation in the middle of its first task. */
export interface Spoken {
  readonly url: string
  readonly events: string
  readonly task: FakeTask
}

/**
 * Creates a conversation whose task has said these deltas: 1 is session_configured, 2
 * user_message, 3 task_started, and the deltas follow.
 */
export async function spoken(
  serverUrl: string,
  agent: FakeAgent,
  deltas: readonly string[] = [],
): Promise<Spoken> {
  const url = await createConversation(serverUrl, { input: [{ type: 'text', text: 'hi' }] })
  const task = await agent.nextTask()
  for (const delta of deltas) await task.say(delta)
  return { url, events: `${url}/events`, task }
}

/** Whole numbers from `from` up to and with `to`. */
export function range(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => from + index)
}
