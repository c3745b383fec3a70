import type { AgentSession } from '../../src/agents/agent.ts'

/** A session that runs nothing, and knows whether it was closed. */
export interface IdleSession extends AgentSession {
  readonly closes: number
  /** Resolves at its first close. */
  readonly closed: Promise<void>
}

/** `onClose`: what the close does before it is done. */
export function createIdleSession(onClose: () => Promise<void> = async () => {}): IdleSession {
  const { promise: closed, resolve } = Promise.withResolvers<void>()
  let closes = 0
  return {
    closed,
    get closes() {
      return closes
    },
    runTask: async () => ({ status: 'completed', lastAgentMessage: null }),
    steer: () => false,
    history: () => [],
    async close() {
      await onClose()
      closes += 1
      resolve()
    },
  }
}
