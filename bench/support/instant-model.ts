import type { ModelClient } from '../../src/agents/native/model-client.ts'
import type { AssistantMessage } from '../../src/agents/native/model-item.ts'

const answer: AssistantMessage = {
  type: 'message',
  role: 'assistant',
  id: 'msg_instant',
  status: 'completed',
  content: [{ type: 'output_text', text: 'Done.' }],
}

/** A model that has answered as soon as it is asked: what is left is the cost of the service. */
export const instantModel: ModelClient = {
  provider: 'instant',
  async *sample() {
    yield { type: 'text_delta', itemId: answer.id, delta: 'Done.' }
    yield { type: 'item_done', item: answer }
    yield { type: 'completed', usage: null }
  },
  close: async () => {},
}
