import { expect, test } from 'vitest'
import { createResponseDraft } from '../../../src/agents/native/response-draft.ts'
import type { ModelEvent } from '../../../src/agents/native/model-client.ts'
import { openSession, outline, startTask } from '../../support/native-task.ts'
import {
  completed,
  itemDone,
  messageAdded,
  messageDone,
  textDelta,
  type ServerEvent,
} from '../../support/responses-events.ts'
import { stream } from '../../support/responses-scripts.ts'

const deltaWithoutId = { type: 'response.output_text.delta', delta: 'hello' }
const content = [{ type: 'output_text', text: 'hello' }]

// Servers that are known to do so: mistral.rs (issue 1944), GitHub Copilot (another id in each
// event), gateways that drop the id of a finished item.
const answers: readonly (readonly [string, readonly ServerEvent[]])[] = [
  ['another id when it is done', [textDelta('hello', 'msg_a'), messageDone('hello', 'msg_b')]],
  [
    'an id of its own in each event',
    [
      messageAdded('msg_a'),
      textDelta('hel', 'msg_b'),
      textDelta('lo', 'msg_c'),
      messageDone('hello', 'msg_d'),
    ],
  ],
  ['no id in its deltas', [messageAdded('msg_a'), deltaWithoutId, messageDone('hello', 'msg_b')]],
  ['no id when it is done', [textDelta('hello', 'msg_a'), itemDone({ type: 'message', content })]],
  ['a delta after it was done', [messageDone('hello', 'msg_a'), textDelta('hello', 'msg_a')]],
  [
    'to be done twice',
    [textDelta('hello', 'msg_a'), messageDone('hello', 'msg_a'), messageDone('hello', 'msg_a')],
  ],
]

test.for(answers)('a message with %s is in the history once', async ([, events]) => {
  await using opened = await openSession()
  opened.server.script(stream(...events, completed()))
  await startTask(opened.session, 'hi').end
  expect(outline(opened.session)).toEqual(['user: hi', 'assistant: hello'])
})

function begin(n: number): ModelEvent {
  return { type: 'text_delta', itemId: `${n}${'i'.repeat(1024 * 1024)}`, delta: 'x' }
}

test('the ids of begun messages count towards what a response may hold', () => {
  const draft = createResponseDraft()
  const fill = () => {
    for (let n = 0; n < 40; n += 1) draft.add(begin(n))
  }
  expect(fill).toThrow(
    expect.objectContaining({ failure: { code: 'model_incomplete', retry: 'never' } }),
  )
})

test('reasoning counts towards what a response may hold', () => {
  const draft = createResponseDraft()
  const think = () => {
    for (let n = 0; n < 40; n += 1) {
      draft.add({ type: 'reasoning_delta', delta: 'x'.repeat(1024 * 1024) })
    }
  }
  expect(think).toThrow(
    expect.objectContaining({ failure: { code: 'model_incomplete', retry: 'never' } }),
  )
})
