import { ModelError, type ModelEvent } from './model-client.ts'
import { textOf, type AssistantMessage, type OutputItem } from './model-item.ts'

/** What one response may hold in memory, in characters. */
const maxChars = 32 * 1024 * 1024
/** What an entry costs besides its text. */
const entryChars = 32

/** What a model has said so far in one response. */
export interface ResponseDraft {
  /** Throws a ModelError when the response becomes larger than any that can be kept. */
  add(event: ModelEvent): void
  /** The items so far: the finished ones, then begun messages, as incomplete ones. */
  items(): readonly OutputItem[]
}

export function createResponseDraft(): ResponseDraft {
  const finished = new Map<string, OutputItem>()
  const begun = new Map<string, string>()
  let chars = 0
  return {
    add(event) {
      chars += sizeOf(event)
      if (chars > maxChars) throw tooLarge()
      if (event.type === 'text_delta' && event.delta !== '') {
        if (finished.has(event.itemId)) return
        begun.set(event.itemId, (begun.get(event.itemId) ?? '') + event.delta)
      } else if (event.type === 'item_done') {
        // Some servers give a message another id in each event: what was begun is then this one.
        const known = begun.delete(event.item.id)
        if (!known && event.item.type === 'message') begun.clear()
        if (!isEmpty(event.item)) finished.set(event.item.id, event.item)
      }
    },
    items: () => [...finished.values(), ...[...begun].map(incompleteMessage)],
  }
}

function isEmpty(item: OutputItem): boolean {
  return item.type === 'message' && textOf(item) === ''
}

function incompleteMessage([id, text]: [string, string]): AssistantMessage {
  return {
    type: 'message',
    role: 'assistant',
    id,
    status: 'incomplete',
    content: [{ type: 'output_text', text }],
  }
}

/** Of everything: what is not kept here is kept as events, and must end too. */
function sizeOf(event: ModelEvent): number {
  switch (event.type) {
    case 'text_delta':
      return event.delta.length + event.itemId.length + entryChars
    case 'reasoning_delta':
    case 'reasoning_raw_delta':
      return event.delta.length + entryChars
    case 'reasoning_section_break':
      return entryChars
    case 'item_done':
      return JSON.stringify(event.item).length + entryChars
    case 'completed':
      return 0
  }
}

function tooLarge(): ModelError {
  const message = "the model's response is larger than this service keeps"
  return new ModelError(message, { code: 'model_incomplete', retry: 'never' })
}
