import { expect, it } from 'vitest'
import type { ModelItem } from '../../../src/agents/native/model-item.ts'
import { responsesRequest } from '../../../src/agents/native/responses-request.ts'
import { modelRequest } from '../../support/model-client-suite.ts'

const user: ModelItem = {
  type: 'message',
  role: 'user',
  content: [
    { type: 'input_text', text: 'hello' },
    { type: 'input_image', image_url: 'data:,x', detail: 'auto' },
  ],
}
const answer: ModelItem = {
  type: 'message',
  role: 'assistant',
  id: 'msg_1',
  status: 'incomplete',
  phase: 'final_answer',
  content: [{ type: 'output_text', text: 'hi' }],
}
const thought: ModelItem = {
  type: 'reasoning',
  id: 'rs_1',
  summary: [{ type: 'summary_text', text: 'a greeting' }],
  encrypted_content: 'secret',
}

it('is stateless, streamed and without tools', () => {
  expect(responsesRequest(modelRequest('hello'))).toEqual({
    model: 'some-model',
    instructions: 'Be brief.',
    input: [{ type: 'message', role: 'user', content: [{ type: 'input_text', text: 'hello' }] }],
    stream: true,
    store: false,
    parallel_tool_calls: false,
    prompt_cache_key: 'conversation-1',
  })
})

it('sends items back as the API has them', () => {
  const { input } = responsesRequest(modelRequest('', { input: [user, thought, answer] }))
  expect(input).toEqual([
    user,
    thought,
    { ...answer, content: [{ type: 'output_text', text: 'hi', annotations: [] }] },
  ])
})

it('leaves out reasoning that the server cannot know', () => {
  const { encrypted_content: _, ...unknown } = thought
  const { input } = responsesRequest(modelRequest('', { input: [user, unknown, answer] }))
  expect(input.map((item) => item.type)).toEqual(['message', 'message'])
})

it('leaves out reasoning that led to nothing', () => {
  const input = [user, thought, user, thought, thought, answer, thought]
  const sent = responsesRequest(modelRequest('', { input })).input
  expect(sent.map((item) => item.type)).toEqual([
    'message',
    'message',
    'reasoning',
    'reasoning',
    'message',
  ])
})

it.each([
  [
    { effort: 'low', summary: 'auto' },
    { effort: 'low', summary: 'auto' },
  ],
  [{ effort: 'none', summary: 'none' }, { effort: 'none' }],
  [{ summary: 'detailed' }, { summary: 'detailed' }],
] as const)('asks for reasoning %o as %o, and for what it needs back', (asked, reasoning) => {
  const body = responsesRequest(modelRequest('hello', asked))
  expect(body).toMatchObject({ reasoning, include: ['reasoning.encrypted_content'] })
})

it('does not ask for reasoning where only no summary was asked for', () => {
  expect(responsesRequest(modelRequest('hello', { summary: 'none' }))).not.toHaveProperty(
    'reasoning',
  )
})
