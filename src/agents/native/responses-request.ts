import type {
  ResponseCreateParamsStreaming,
  ResponseInputItem,
} from 'openai/resources/responses/responses'
import type { ModelRequest } from './model-client.ts'
import type { AssistantMessage, ModelItem, Reasoning, UserMessage } from './model-item.ts'

/** The body of `POST /responses` for a request. */
export function responsesRequest(request: ModelRequest) {
  return {
    model: request.model,
    instructions: request.instructions,
    input: request.input.filter(isSendable).map(inputItem),
    stream: true,
    store: false,
    parallel_tool_calls: false,
    prompt_cache_key: request.conversationId,
    ...reasoningOptions(request),
  } satisfies ResponseCreateParamsStreaming
}

/**
 * The server stores nothing, so that reasoning means something to it only with its encrypted
 * content; and it refuses reasoning that what it led to does not follow.
 */
function isSendable(item: ModelItem, index: number, items: readonly ModelItem[]): boolean {
  if (item.type !== 'reasoning') return true
  let next = index + 1
  while (items[next]?.type === 'reasoning') next += 1
  const ledTo = items[next]
  return Boolean(item.encrypted_content) && ledTo?.type === 'message' && ledTo.role === 'assistant'
}

function inputItem(item: ModelItem): ResponseInputItem {
  if (item.type === 'reasoning') return reasoningItem(item)
  return item.role === 'user' ? userItem(item) : assistantItem(item)
}

function reasoningItem({ type, id, summary, encrypted_content }: Reasoning) {
  return {
    type,
    id,
    summary: [...summary],
    encrypted_content: encrypted_content ?? null,
  } satisfies ResponseInputItem
}

function userItem({ type, role, content }: UserMessage) {
  return { type, role, content: [...content] } satisfies ResponseInputItem
}

function assistantItem({ content, ...item }: AssistantMessage) {
  return {
    ...item,
    content: content.map((part) => ({ ...part, annotations: [] })),
  } satisfies ResponseInputItem
}

function reasoningOptions({ effort, summary: wanted }: ModelRequest) {
  const summary = wanted === 'none' ? undefined : wanted
  if (effort === undefined && summary === undefined) return {}
  return {
    reasoning: {
      ...(effort === undefined ? {} : { effort }),
      ...(summary === undefined ? {} : { summary }),
    },
    include: ['reasoning.encrypted_content' as const],
  } satisfies Partial<ResponseCreateParamsStreaming>
}
