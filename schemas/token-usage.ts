import { z } from 'zod'

const tokens = z.int().min(0)

/** Tokens a model counted. */
export const TokenUsage = z
  .object({
    input_tokens: tokens,
    cached_input_tokens: tokens,
    output_tokens: tokens,
    reasoning_output_tokens: tokens,
    total_tokens: tokens,
  })
  .meta({ id: 'TokenUsage', description: 'Tokens as the model counted them.' })
export type TokenUsage = z.infer<typeof TokenUsage>

export const noTokens: TokenUsage = {
  input_tokens: 0,
  cached_input_tokens: 0,
  output_tokens: 0,
  reasoning_output_tokens: 0,
  total_tokens: 0,
}

export function addTokens(left: TokenUsage, right: TokenUsage): TokenUsage {
  return {
    input_tokens: left.input_tokens + right.input_tokens,
    cached_input_tokens: left.cached_input_tokens + right.cached_input_tokens,
    output_tokens: left.output_tokens + right.output_tokens,
    reasoning_output_tokens: left.reasoning_output_tokens + right.reasoning_output_tokens,
    total_tokens: left.total_tokens + right.total_tokens,
  }
}
