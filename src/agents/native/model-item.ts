import type { InputItem } from '../../../schemas/input-item.ts'

/** A part of a message the model reads. */
export type InputPart =
  | { readonly type: 'input_text'; readonly text: string }
  | { readonly type: 'input_image'; readonly image_url: string; readonly detail: 'auto' }

export interface UserMessage {
  readonly type: 'message'
  readonly role: 'user'
  readonly content: readonly InputPart[]
}

/** What the model said. `incomplete`: it was cut off, by an interrupt or by a limit. */
export interface AssistantMessage {
  readonly type: 'message'
  readonly role: 'assistant'
  readonly id: string
  readonly status: 'completed' | 'incomplete'
  readonly content: readonly { readonly type: 'output_text'; readonly text: string }[]
  /** How the model labelled it; newer models want it back. */
  readonly phase?: 'commentary' | 'final_answer'
}

/** What the model thought, as the server wants it back. */
export interface Reasoning {
  readonly type: 'reasoning'
  readonly id: string
  readonly summary: readonly { readonly type: 'summary_text'; readonly text: string }[]
  readonly encrypted_content?: string | null
}

/** One item of a conversation as models read and write it, in the words of the Responses API. */
export type ModelItem = UserMessage | AssistantMessage | Reasoning
export type OutputItem = AssistantMessage | Reasoning

export function textOf(message: AssistantMessage): string {
  return message.content.map((part) => part.text).join('')
}

/** What the user said, as one item of the model's history. */
export function userMessage(items: readonly InputItem[]): UserMessage {
  return { type: 'message', role: 'user', content: items.map(inputPart) }
}

function inputPart(item: InputItem): InputPart {
  switch (item.type) {
    case 'text':
      return { type: 'input_text', text: item.text }
    case 'image':
      return { type: 'input_image', image_url: item.image_url, detail: 'auto' }
  }
}
