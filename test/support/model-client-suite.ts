import { describe, expect, it } from 'vitest'
import type { ModelClient, ModelEvent, ModelRequest } from '../../src/agents/native/model-client.ts'
import { textOf, userMessage } from '../../src/agents/native/model-item.ts'

/** A client whose model answers "one two three four five" to whatever it is asked. */
export interface OpenedModelClient extends AsyncDisposable {
  readonly client: ModelClient
}

/** What the model of an opened client is asked, and answers. */
export const suiteText = 'one two three four five'

export function modelRequest(text: string, fields: Partial<ModelRequest> = {}): ModelRequest {
  return {
    conversationId: 'conversation-1',
    model: 'some-model',
    instructions: 'Be brief.',
    input: [userMessage([{ type: 'text', text }])],
    ...fields,
  }
}

export async function collect(events: AsyncIterable<ModelEvent>): Promise<ModelEvent[]> {
  const all: ModelEvent[] = []
  for await (const event of events) all.push(event)
  return all
}

function never(): AbortSignal {
  return new AbortController().signal
}

/** What every ModelClient does. */
export function describeModelClient(name: string, open: () => Promise<OpenedModelClient>): void {
  describe(`${name} as a ModelClient`, () => {
    it('has a name', async () => {
      await using opened = await open()
      expect(opened.client.provider).not.toBe('')
    })

    it('streams a message whose deltas are its text, and ends with completed', async () => {
      await using opened = await open()
      const events = await collect(opened.client.sample(modelRequest(suiteText), never()))
      const deltas = events.filter((event) => event.type === 'text_delta')
      const done = events.filter((event) => event.type === 'item_done')

      expect(deltas.length).toBeGreaterThan(1)
      expect(deltas.map((event) => event.delta).join('')).toBe(suiteText)
      expect(done).toMatchObject([{ item: { role: 'assistant', status: 'completed' } }])
      const [{ item } = { item: null }] = done
      expect(item?.type === 'message' ? textOf(item) : null).toBe(suiteText)
      expect(new Set(deltas.map((event) => event.itemId))).toEqual(new Set([item?.id]))
      expect(events.at(-1)?.type).toBe('completed')
      expect(events.filter((event) => event.type === 'completed')).toHaveLength(1)
    })

    it('throws the reason of an abort, and says nothing after it', async () => {
      await using opened = await open()
      const controller = new AbortController()
      const reason = new Error('enough')
      const seen: ModelEvent[] = []
      const reading = (async () => {
        for await (const event of opened.client.sample(
          modelRequest(suiteText),
          controller.signal,
        )) {
          seen.push(event)
          if (event.type === 'text_delta') controller.abort(reason)
        }
      })()
      await expect(reading).rejects.toBe(reason)
      expect(seen.map((event) => event.type)).toEqual(['text_delta'])
    })

    it('does not begin when it is aborted already', async () => {
      await using opened = await open()
      const reason = new Error('enough')
      const sampling = opened.client.sample(modelRequest(suiteText), AbortSignal.abort(reason))
      await expect(collect(sampling)).rejects.toBe(reason)
    })

    it('can be left early and used again', async () => {
      await using opened = await open()
      for await (const event of opened.client.sample(modelRequest(suiteText), never())) {
        if (event.type === 'text_delta') break
      }
      const events = await collect(opened.client.sample(modelRequest(suiteText), never()))
      expect(events.at(-1)?.type).toBe('completed')
    })

    it('serves several samplings at once', async () => {
      await using opened = await open()
      const both = await Promise.all(
        [1, 2].map(() => collect(opened.client.sample(modelRequest(suiteText), never()))),
      )
      expect(both.map((events) => events.at(-1)?.type)).toEqual(['completed', 'completed'])
    })
  })
}
