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
  const finished: OutputItem[] = []
  const begun = new Map<string, string>()
  let chars = 0
  return {
    add(event) {
      chars += sizeOf(event)
      if (chars > maxChars) throw tooLarge()
      if (event.type === 'text_delta' && event.delta !== '') {
        begun.set(event.itemId, (begun.get(event.itemId) ?? '') + event.delta)
      } else if (event.type === 'item_done') {
        begun.delete(event.item.id)
        if (!isEmpty(event.item)) finished.push(event.item)
      }
    },
    items: () => [...finished, ...[...begun].map(incompleteMessage)],
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

function sizeOf(event: ModelEvent): number {
  if (event.type === 'text_delta') return event.delta.length + entryChars
  return event.type === 'item_done' ? JSON.stringify(event.item).length : 0
}

function tooLarge(): ModelError {
  const message = "the model's response is larger than this service keeps"
  return new ModelError(message, { code: 'model_incomplete', retry: 'never' })
}
