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
