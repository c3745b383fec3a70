import { createParser, type EventSourceMessage } from 'eventsource-parser'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  commentFrame,
  controlFrame,
  eventFrame,
  jsonOfFrame,
  retryFrame,
} from '../../src/lib/sse-frame.ts'

/** What a client makes of bytes that come in pieces of this size. */
function received(bytes: string | Buffer, size = Infinity) {
  const events: EventSourceMessage[] = []
  const comments: string[] = []
  const retries: number[] = []
  const errors: unknown[] = []
  const parser = createParser({
    onEvent: (event) => events.push(event),
    onComment: (comment) => comments.push(comment),
    onRetry: (ms) => retries.push(ms),
    onError: (error) => errors.push(error),
  })
  const text = bytes.toString()
  for (let at = 0; at < text.length; at += size) parser.feed(text.slice(at, at + size))
  return { events, comments, retries, errors }
}

const hostile = ['\r', '\n', '\r\n', '\n\n', '\u2028', '\u2029', '\0', '\uFEFF', 'id: 7', 'data: x']
const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc
    .array(fc.constantFrom(...hostile, '😀', 'event: control', ': hb', ' '))
    .map((all) => all.join('')),
)

describe('an event frame', () => {
  test('is data, id, blank line', () => {
    expect(eventFrame(7, '{"seq":7}').toString()).toBe('data: {"seq":7}\nid: 7\n\n')
  })

  test('reaches a client whole, whatever is in it (property)', () => {
    fc.assert(
      fc.property(fc.array(text, { maxLength: 5 }), fc.integer({ min: 1, max: 9 }), (all, size) => {
        const lines = all.map((one) => JSON.stringify({ text: one }))
        const frames = lines.map((json, index) => eventFrame(index + 1, json))
        const { events, errors } = received(Buffer.concat(frames), size)
        expect(errors).toEqual([])
        expect(events).toEqual(
          lines.map((json, index) => ({ data: json, id: `${index + 1}`, event: undefined })),
        )
        expect(events.map(({ data }) => JSON.parse(data).text)).toEqual(
          all.map((one) => one.toWellFormed()),
        )
      }),
    )
  })

  test('gives its JSON back (property)', () => {
    fc.assert(
      fc.property(text, fc.integer({ min: 1 }), (one, seq) => {
        const json = JSON.stringify({ seq, text: one })
        expect(jsonOfFrame(eventFrame(seq, json)).toString()).toBe(json)
      }),
    )
  })

  test('moves no cursor until it is whole (property)', () => {
    const frame = eventFrame(2, JSON.stringify({ text: '😀 id: 9' })).toString()
    fc.assert(
      fc.property(fc.nat(frame.length - 1), (cut) => {
        const { events } = received(eventFrame(1, '{}').toString() + frame.slice(0, cut))
        expect(events.map(({ id }) => id)).toEqual(['1'])
      }),
    )
  })
})

describe('other frames', () => {
  test('a comment is no event', () => {
    expect(commentFrame('hb 7')).toBe(': hb 7\n\n')
    expect(received(commentFrame('hb 7'))).toMatchObject({ events: [], comments: ['hb 7'] })
  })

  test('a control frame has its name, one line of JSON and no id', () => {
    const control = { type: 'draining', last_seq: 7, note: 'a\nid: 9\n\ndata: x' }
    const { events } = received(eventFrame(7, '{}').toString() + controlFrame(control))
    expect(events[1]).toMatchObject({ event: 'control', data: JSON.stringify(control) })
    expect(controlFrame(control)).not.toMatch(/^id:/m)
  })

  test('retry tells how long to wait', () => {
    expect(received(retryFrame(2_000, 'hello'))).toMatchObject({ events: [], retries: [2_000] })
  })
})
