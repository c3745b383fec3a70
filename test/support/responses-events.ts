/** An event as a Responses server sends it. */
export interface ServerEvent {
  readonly type: string
  readonly [field: string]: unknown
}

export interface Counts {
  readonly input?: number
  readonly cached?: number
  readonly output?: number
  readonly reasoning?: number
}

const defaultItemId = 'msg_1'

export function created(): ServerEvent {
  return { type: 'response.created', response: { id: 'resp_1', status: 'in_progress' } }
}

export function messageAdded(id = defaultItemId): ServerEvent {
  const item = { type: 'message', id, status: 'in_progress', role: 'assistant', content: [] }
  return { type: 'response.output_item.added', output_index: 0, item }
}

export function textDelta(delta: string, id = defaultItemId): ServerEvent {
  return { type: 'response.output_text.delta', item_id: id, output_index: 0, delta }
}

export function messageDone(text: string, id = defaultItemId): ServerEvent {
  const content = [{ type: 'output_text', text, annotations: [], logprobs: [] }]
  return itemDone({ type: 'message', id, status: 'completed', role: 'assistant', content })
}

export function itemDone(item: unknown): ServerEvent {
  return { type: 'response.output_item.done', output_index: 0, item }
}

export function reasoningDone(id: string, fields: Record<string, unknown>): ServerEvent {
  return itemDone({ type: 'reasoning', id, summary: [], ...fields })
}

export function summaryPartAdded(): ServerEvent {
  return { type: 'response.reasoning_summary_part.added', part: { type: 'summary_text', text: '' } }
}

export function summaryDelta(delta: string): ServerEvent {
  return { type: 'response.reasoning_summary_text.delta', item_id: 'rs_1', delta }
}

export function rawReasoningDelta(delta: string): ServerEvent {
  return { type: 'response.reasoning_text.delta', item_id: 'rs_1', delta }
}

export function completed(counts: Counts | null = {}): ServerEvent {
  return { type: 'response.completed', response: { id: 'resp_1', usage: counts && usage(counts) } }
}

export function incomplete(reason: string, counts: Counts = {}): ServerEvent {
  const response = { id: 'resp_1', usage: usage(counts), incomplete_details: { reason } }
  return { type: 'response.incomplete', response }
}

export function failed(code: string, message = `it failed: ${code}`): ServerEvent {
  return { type: 'response.failed', response: { id: 'resp_1', error: { code, message } } }
}

/** The events of a whole answer, streamed word by word. */
export function answerEvents(text: string, id = defaultItemId): readonly ServerEvent[] {
  const words = text.match(/\s*\S+|\s+/g) ?? []
  return [
    created(),
    messageAdded(id),
    ...words.map((word) => textDelta(word, id)),
    messageDone(text, id),
    completed(),
  ]
}

function usage({ input = 1, cached = 0, output = 1, reasoning = 0 }: Counts) {
  return {
    input_tokens: input,
    input_tokens_details: { cached_tokens: cached },
    output_tokens: output,
    output_tokens_details: { reasoning_tokens: reasoning },
    total_tokens: input + output,
  }
}
