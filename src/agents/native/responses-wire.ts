import { z } from 'zod'
import type { TokenUsage } from '../../../schemas/token-usage.ts'
import type { OutputItem } from './model-item.ts'

const text = z.string().nullish().catch(null)
const count = z.int().min(0)

const Part = z
  .union([
    z.object({ type: z.literal('output_text'), text: z.string() }),
    z
      .object({ type: z.literal('refusal'), refusal: z.string() })
      .transform(({ refusal }) => ({ type: 'output_text' as const, text: refusal })),
  ])
  .nullable()
  .catch(null)

const Message = z
  .object({
    type: z.literal('message'),
    id: z.string().catch(''),
    status: z.unknown().optional(),
    phase: z.enum(['commentary', 'final_answer']).optional().catch(undefined),
    content: z.array(Part),
  })
  .transform(({ id, status, phase, content }) => ({
    type: 'item_done' as const,
    item: {
      type: 'message',
      role: 'assistant',
      id,
      status: status === 'incomplete' ? 'incomplete' : 'completed',
      content: content.filter((part) => part !== null),
      ...(phase === undefined ? {} : { phase }),
    } satisfies OutputItem,
  }))

const Reasoning = z
  .object({
    type: z.literal('reasoning'),
    id: z.string().catch(''),
    summary: z.array(z.object({ type: z.literal('summary_text'), text: z.string() })).catch([]),
    content: z.array(z.object({ text: z.string() })).catch([]),
    encrypted_content: text,
  })
  .transform(({ content, encrypted_content, ...item }) => ({
    type: 'item_done' as const,
    item: {
      ...item,
      ...(encrypted_content ? { encrypted_content } : {}),
    } satisfies OutputItem,
    ...(content.length > 0 ? { rawReasoning: content.map((part) => part.text).join('') } : {}),
  }))

const Usage = z
  .object({
    input_tokens: count,
    input_tokens_details: z.object({ cached_tokens: count }).catch({ cached_tokens: 0 }),
    output_tokens: count,
    output_tokens_details: z.object({ reasoning_tokens: count }).catch({ reasoning_tokens: 0 }),
    total_tokens: count,
  })
  .transform((usage): TokenUsage => ({
    input_tokens: usage.input_tokens,
    cached_input_tokens: usage.input_tokens_details.cached_tokens,
    output_tokens: usage.output_tokens,
    reasoning_output_tokens: usage.output_tokens_details.reasoning_tokens,
    total_tokens: usage.total_tokens,
  }))
  .nullable()
  .catch(null)

const ServerError = z.object({ message: text, code: text, type: text })

const textDelta = { delta: z.string(), item_id: z.string().catch('') }

function textDeltaEvent(event: { readonly delta: string; readonly item_id: string }) {
  return { type: 'text_delta' as const, itemId: event.item_id, delta: event.delta }
}

/**
 * The events of a response that matter here, in our words and read as leniently as they can be;
 * all others fail. Ids the server does not give are empty.
 */
export const ResponsesEvent = z.discriminatedUnion('type', [
  z
    .object({ type: z.literal('response.output_item.added'), item: z.object({ id: z.string() }) })
    .transform(({ item }) => ({ type: 'item_added' as const, id: item.id })),
  z
    .object({ type: z.literal('response.output_text.delta'), ...textDelta })
    .transform(textDeltaEvent),
  z.object({ type: z.literal('response.refusal.delta'), ...textDelta }).transform(textDeltaEvent),
  z
    .object({ type: z.literal('response.reasoning_summary_text.delta'), delta: z.string() })
    .transform(({ delta }) => ({ type: 'reasoning_delta' as const, delta })),
  z
    .object({ type: z.literal('response.reasoning_summary_part.added') })
    .transform(() => ({ type: 'reasoning_section_break' as const })),
  z
    .object({ type: z.literal('response.reasoning_text.delta'), delta: z.string() })
    .transform(({ delta }) => ({ type: 'reasoning_raw_delta' as const, delta })),
  z
    .object({
      type: z.literal('response.output_item.done'),
      item: z.discriminatedUnion('type', [Message, Reasoning]),
    })
    .transform(({ item }) => item),
  z
    .object({
      type: z.literal('response.completed'),
      response: z.object({ usage: Usage }).catch({ usage: null }),
    })
    .transform(({ response }) => ({ type: 'completed' as const, usage: response.usage })),
  z
    .object({
      type: z.literal('response.incomplete'),
      response: z
        .object({
          usage: Usage,
          incomplete_details: z.object({ reason: z.string() }).catch({ reason: 'unknown reason' }),
        })
        .catch({ usage: null, incomplete_details: { reason: 'unknown reason' } }),
    })
    .transform(({ response }) => ({
      type: 'completed' as const,
      usage: response.usage,
      incomplete: response.incomplete_details.reason,
    })),
  z
    .object({
      type: z.literal('response.failed'),
      response: z.object({ error: ServerError }).catch({ error: {} }),
    })
    .transform(({ response }) => ({ type: 'failed' as const, error: response.error })),
  // Some servers put the fields of the error into an object of their own.
  z
    .object({
      type: z.literal('error'),
      message: text,
      code: text,
      error: ServerError.optional().catch(undefined),
    })
    .transform(({ message, code, error }) => ({
      type: 'failed' as const,
      error: error ?? { message, code },
    })),
])
export type ResponsesEvent = z.infer<typeof ResponsesEvent>
