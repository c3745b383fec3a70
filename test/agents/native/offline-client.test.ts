import { expect, it } from 'vitest'
import { createOfflineClient } from '../../../src/agents/native/offline-client.ts'
import { userMessage } from '../../../src/agents/native/model-item.ts'
import { collect, modelRequest } from '../../support/model-client-suite.ts'

const never = new AbortController().signal

async function answerTo(...args: Parameters<typeof modelRequest>) {
  const events = await collect(createOfflineClient().sample(modelRequest(...args), never))
  const deltas = events.flatMap((event) => (event.type === 'text_delta' ? [event.delta] : []))
  return { events, deltas, text: deltas.join('') }
}

it('streams the words with the space before them', async () => {
  const { deltas } = await answerTo('  one two\n three ')
  expect(deltas).toEqual(['  one', ' two', '\n three', ' '])
})

it('streams long words in parts and leaves characters whole', async () => {
  const { deltas, text } = await answerTo('😀'.repeat(100))
  expect(deltas.map((delta) => delta.length)).toEqual([128, 72])
  expect(text).toBe('😀'.repeat(100))
})

it('answers the last message of the user', async () => {
  const input = ['first', 'second'].map((text) => userMessage([{ type: 'text', text }]))
  expect((await answerTo('', { input })).text).toBe('second')
})

it('mentions images, and does not repeat data', async () => {
  const input = [
    userMessage([
      { type: 'text', text: 'look' },
      { type: 'image', image_url: 'https://example.org/cat.png' },
      { type: 'image', image_url: 'data:image/png;base64,AAAA' },
      { type: 'image', image_url: 'data:,x' },
    ]),
  ]
  expect((await answerTo('', { input })).text).toBe(
    'look\n[image: https://example.org/cat.png]\n[image: image/png]\n[image: data]',
  )
})

it('counts words as tokens and answers the same to the same', async () => {
  const { events } = await answerTo('one two three')
  expect(events.at(-1)).toEqual({
    type: 'completed',
    usage: {
      input_tokens: 5,
      cached_input_tokens: 0,
      output_tokens: 3,
      reasoning_output_tokens: 0,
      total_tokens: 8,
    },
  })
  expect((await answerTo('one two three')).events).toEqual(events)
})

it('ends a wait between deltas when it is aborted', async () => {
  const controller = new AbortController()
  const client = createOfflineClient({ deltaDelayMs: 2 ** 30 })
  const reading = collect(client.sample(modelRequest('one'), controller.signal))
  controller.abort(new Error('enough'))
  await expect(reading).rejects.toThrow('enough')
})

it('lets other work in between deltas', async () => {
  const turns: string[] = []
  const sampling = createOfflineClient().sample(modelRequest('a b'), never)
  for await (const event of sampling) {
    turns.push(event.type)
    setImmediate(() => turns.push('other work'))
  }
  expect(turns.slice(0, 3)).toEqual(['text_delta', 'other work', 'text_delta'])
})
