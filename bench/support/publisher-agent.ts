import { once } from 'node:events'
import { INITIAL_SUBMIT_ID } from '../../schemas/event.ts'
import type { Agent, AgentSession, TaskIo } from '../../src/agents/agent.ts'

/**
 * An agent whose tasks do nothing but last: the benchmark publishes through the task's own `emit`,
 * as a model's words would come.
 */
export function createPublisherAgent(started: (io: TaskIo) => void): Agent {
  const session: AgentSession = {
    async runTask(_task, io) {
      started(io)
      await once(io.signal, 'abort')
      return { status: 'completed', lastAgentMessage: null }
    },
    steer: () => false,
    history: () => [],
    close: async () => {},
  }
  return {
    name: 'publisher',
    async spawn({ conversationId, settings, history, emit }) {
      emit({
        submission_id: INITIAL_SUBMIT_ID,
        msg: {
          type: 'session_configured',
          session_id: conversationId,
          model: 'none',
          model_provider: 'none',
          agent: 'publisher',
          cwd: settings.cwd,
          approval_policy: 'never',
          sandbox_policy: { mode: 'read-only' },
          history_log_id: history.logId,
          history_entry_count: history.entryCount,
        },
      })
      return session
    },
  }
}
