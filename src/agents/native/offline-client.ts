import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises'
import type { TokenUsage } from '../../../schemas/token-usage.ts'
import type { ModelClient, ModelEvent, ModelRequest } from './model-client.ts'
import {
  textOf,
  type AssistantMessage,
  type InputPart,
  type ModelItem,
  type UserMessage,
} from './model-item.ts'

export interface OfflineClientOptions {
  /** Milliseconds before each delta; 0 lets others in and goes on at once. Default: 0. */
  readonly deltaDelayMs?: number
}

/**
 * A model without a network: it answers with the last user message's own words, word by word. The
 * same request gets the same answer, and its tokens are words.
 */
export function createOfflineClient(options: OfflineClientOptions = {}): ModelClient {
  const deltaDelayMs = options.deltaDelayMs ?? 0
  return {
    provider: 'offline',
    sample: (request, signal) => sample(request, signal, deltaDelayMs),
    close: async () => {},
  }
}

async function* sample(
  request: ModelRequest,
  signal: AbortSignal,
  deltaDelayMs: number,
): AsyncGenerator<ModelEvent> {
  const item = answer(request.input)
  for (const delta of deltasOf(textOf(item))) {
    await pause(deltaDelayMs, signal)
    yield { type: 'text_delta', itemId: item.id, delta }
  }
  signal.throwIfAborted()
  yield { type: 'item_done', item }
  signal.throwIfAborted()
  yield { type: 'completed', usage: usageOf(request, item) }
}

/** Lets other work in. Throws the signal's reason once it is aborted. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await (ms === 0 ? nextTurn() : delay(ms, undefined, { signal }).catch(() => {}))
  signal.throwIfAborted()
}

function answer(input: readonly ModelItem[]): AssistantMessage {
  const message = input.findLast(isUserMessage)
  const text = message?.content.map(wordsOfPart).join('\n') ?? ''
  return {
    type: 'message',
    role: 'assistant',
    id: `msg_offline_${input.length}`,
    status: 'completed',
    content: [{ type: 'output_text', text }],
  }
}

function isUserMessage(item: ModelItem): item is UserMessage {
  return item.type === 'message' && item.role === 'user'
}

function wordsOfPart(part: InputPart): string {
  if (part.type === 'input_text') return part.text
  const dataUrl = /^data:([^;,]*)/i.exec(part.image_url)
  return dataUrl === null ? `[image: ${part.image_url}]` : `[image: ${dataUrl[1] || 'data'}]`
}

/** The text in pieces: a word with the space before it, long words in parts. */
function deltasOf(text: string): readonly string[] {
  return text.match(/\s*\S{1,64}|\s+/gu) ?? []
}

function usageOf({ instructions, input }: ModelRequest, item: AssistantMessage): TokenUsage {
  const read = [instructions, ...input.map(textOfItem)]
  const input_tokens = read.reduce((sum, text) => sum + countWords(text), 0)
  const output_tokens = countWords(textOf(item))
  return {
    input_tokens,
    cached_input_tokens: 0,
    output_tokens,
    reasoning_output_tokens: 0,
    total_tokens: input_tokens + output_tokens,
  }
}

function textOfItem(item: ModelItem): string {
  if (item.type === 'reasoning') return ''
  return item.role === 'user' ? item.content.map(wordsOfPart).join('\n') : textOf(item)
}

function countWords(text: string): number {
  return text.match(/\S+/g)?.length ?? 0
}
