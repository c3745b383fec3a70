import { expect, it } from 'vitest'
import { createResponseDraft } from '../../../src/agents/native/response-draft.ts'
import type { ModelEvent } from '../../../src/agents/native/model-client.ts'

function delta(text: string, itemId = 'msg_1'): ModelEvent {
  return { type: 'text_delta', itemId, delta: text }
}

it('holds finished items as they are, then begun messages as incomplete ones', () => {
  const draft = createResponseDraft()
  const item = {
    type: 'message',
    role: 'assistant',
    id: 'msg_1',
    status: 'completed',
    content: [{ type: 'output_text', text: 'hello' }],
  } as const
  draft.add(delta('hel'))
  draft.add(delta('wor', 'msg_2'))
  draft.add({ type: 'item_done', item })
  draft.add(delta('ld', 'msg_2'))
  expect(draft.items()).toEqual([
    item,
    {
      ...item,
      id: 'msg_2',
      status: 'incomplete',
      content: [{ type: 'output_text', text: 'world' }],
    },
  ])
})

it('is bounded', () => {
  const draft = createResponseDraft()
  const mebibyte = 'x'.repeat(1024 * 1024)
  const fill = () => {
    for (let n = 0; n < 40; n += 1) draft.add(delta(mebibyte))
  }
  expect(fill).toThrow(
    expect.objectContaining({ failure: { code: 'model_incomplete', retry: 'never' } }),
  )
})
