import type { TaskMsg } from '../agent.ts'
import type { ModelEvent } from './model-client.ts'
import { textOf, type OutputItem } from './model-item.ts'

/** What a task says for an event of its model's stream. */
export function taskMessages(event: ModelEvent, showRawReasoning: boolean): readonly TaskMsg[] {
  switch (event.type) {
    case 'text_delta':
      return [{ type: 'agent_message_delta', delta: event.delta }]
    case 'reasoning_delta':
      return [{ type: 'agent_reasoning_delta', delta: event.delta }]
    case 'reasoning_raw_delta':
      return showRawReasoning
        ? [{ type: 'agent_reasoning_raw_content_delta', delta: event.delta }]
        : []
    case 'reasoning_section_break':
      return [{ type: 'agent_reasoning_section_break' }]
    case 'item_done':
      return [...itemMessages(event.item), ...rawMessages(showRawReasoning && event.rawReasoning)]
    case 'completed':
      return event.usage === null ? [] : [{ type: 'token_count', ...event.usage }]
  }
}

function rawMessages(text: string | false | undefined): readonly TaskMsg[] {
  return text ? [{ type: 'agent_reasoning_raw_content', text }] : []
}

function itemMessages(item: OutputItem): readonly TaskMsg[] {
  if (item.type === 'reasoning') {
    return item.summary.map(({ text }) => ({ type: 'agent_reasoning', text }))
  }
  const message = textOf(item)
  return message === '' ? [] : [{ type: 'agent_message', message }]
}
