import { describe, expect, test } from 'vitest'
import { ConversationStatus } from '../../schemas/conversation.ts'
import { statusOf, transitions, type State, type Trigger } from '../../src/conversation/states.ts'

const isState = (name: string): name is State => name in transitions
const isTrigger = (name: string): name is Trigger => name in transitions.idle
const states = Object.keys(transitions).filter(isState)
const triggers = Object.keys(transitions.idle).filter(isTrigger)
const rows = states.flatMap((state) =>
  triggers.map((trigger) => ({ state, trigger, ...transitions[state][trigger] })),
)

const nextOf = (state: State): Set<State> =>
  new Set(rows.filter((row) => row.state === state).map(({ next }) => next))

describe('the table of states', () => {
  test('has an entry for every state and trigger', () => {
    for (const state of states) {
      expect(Object.keys(transitions[state]).toSorted()).toEqual(triggers.toSorted())
      expect(ConversationStatus.options).toContain(statusOf[state])
    }
    expect(rows.every(({ next }) => states.includes(next))).toBe(true)
    expect(Object.keys(statusOf).toSorted()).toEqual(states.toSorted())
  })

  test('reaches every state from idle', () => {
    const reached = new Set<State>(['idle'])
    for (const from of reached) {
      for (const { action, next } of Object.values(transitions[from])) {
        if (action !== 'defect') reached.add(next)
      }
    }
    expect([...reached].toSorted()).toEqual(states.toSorted())
  })

  test('changes nothing where it refuses, or where something cannot happen', () => {
    const refused = rows.filter(({ action }) => /^refuse_|^defect$/.test(action))
    expect(refused.length).toBeGreaterThan(0)
    expect(refused.filter(({ state, next }) => state !== next)).toEqual([])
  })

  test('starts a task only where none runs', () => {
    const starting = rows.filter(({ action }) => action === 'start')
    expect(new Set(starting.map(({ state }) => state))).toEqual(new Set(['idle']))
    expect(new Set(starting.map(({ next }) => next))).toEqual(new Set(['running']))
  })

  test('leaves closed and suspended never, closing and suspending only to their end', () => {
    expect(nextOf('closed')).toEqual(new Set(['closed']))
    expect(nextOf('suspended')).toEqual(new Set(['suspended']))
    expect(nextOf('closing')).toEqual(new Set(['closing', 'closed']))
    expect(nextOf('suspending')).toEqual(new Set(['suspending', 'suspended']))
  })

  test('closes the session where no task runs any more', () => {
    const closing = rows.filter(({ action }) => action === 'close_session')
    expect(closing.map(({ state, trigger, next }) => [state, trigger, next])).toEqual([
      ['idle', 'shutdown', 'closing'],
      ['idle', 'suspend', 'suspending'],
      ['closing', 'task_ended', 'closing'],
      ['suspending', 'task_ended', 'suspending'],
    ])
  })
})
