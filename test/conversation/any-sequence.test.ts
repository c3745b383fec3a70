import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { EventMsg } from '../../schemas/event.ts'
import type { Op } from '../../schemas/op.ts'
import type { NewEvent } from '../../src/log/event-log.ts'
import { ConversationModel } from '../support/conversation-model.ts'
import { ModelledConversation, type Answer } from '../support/modelled-conversation.ts'

type Step =
  | { readonly do: 'submit'; readonly op: Op }
  | { readonly do: 'end'; readonly how: 'complete' | 'fail' | 'crash' }
  | { readonly do: 'say' }
  | { readonly do: 'steering'; readonly takes: boolean }

const text = 'a'
const input: Op[] = [
  { type: 'user_input', text, delivery: 'steer' },
  { type: 'user_input', text, delivery: 'queue' },
  { type: 'user_input', text, delivery: 'reject' },
  { type: 'user_turn', text, delivery: 'queue', model: 'm', cwd: '/' },
  { type: 'user_turn', text, delivery: 'reject' },
]
const beside: Op[] = [
  { type: 'override_turn_context', model: 'other', cwd: '/' },
  { type: 'add_to_history', text },
  { type: 'get_history_entry_request', offset: 0, log_id: 1 },
  { type: 'get_history' },
]
const interrupts: Op[] = [
  { type: 'interrupt', clear_queue: false },
  { type: 'interrupt', clear_queue: true },
]
const submitted = (...ops: Op[]): fc.Arbitrary<Step> =>
  fc.constantFrom(...ops).map((op): Step => ({ do: 'submit', op }))

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 10, arbitrary: submitted(...input) },
  { weight: 3, arbitrary: submitted(...beside) },
  { weight: 4, arbitrary: submitted(...interrupts) },
  { weight: 1, arbitrary: submitted({ type: 'shutdown' }) },
  {
    weight: 8,
    arbitrary: fc
      .constantFrom('complete' as const, 'fail' as const, 'crash' as const)
      .map((how): Step => ({ do: 'end', how })),
  },
  { weight: 2, arbitrary: fc.constant<Step>({ do: 'say' }) },
  { weight: 2, arbitrary: fc.boolean().map((takes): Step => ({ do: 'steering', takes })) },
)
const steps = fc.array(step, { maxLength: 40, size: 'max' })

const isTerminal = ({ type }: EventMsg): boolean =>
  type === 'task_complete' || type === 'turn_aborted'

/** What holds of every log, whatever led to it. */
function checkLog(events: readonly NewEvent[], answers: readonly Answer[]): void {
  let active: string | undefined
  const ended = new Map<string, number>()
  for (const { submission_id, msg } of events) {
    if (msg.type === 'task_started') {
      expect(active, 'two tasks at once').toBeUndefined()
      active = submission_id
    }
    if (msg.type === 'agent_message_delta') expect(submission_id).toBe(active)
    if (!isTerminal(msg)) continue
    ended.set(submission_id, (ended.get(submission_id) ?? 0) + 1)
    if (submission_id === active) active = undefined
  }
  expect(active, 'a task that did not end').toBeUndefined()

  const receipts = answers.filter((answer) => 'submission_id' in answer)
  const ids = receipts.map(({ submission_id }) => Number(submission_id)).toSorted((a, b) => a - b)
  expect(ids).toEqual(ids.map((_, index) => index))
  const turns = receipts.filter(({ outcome }) => outcome === 'started' || outcome === 'queued')
  expect([...ended.keys()].toSorted()).toEqual(turns.map((one) => one.submission_id).toSorted())
  expect([...ended.values()].every((times) => times === 1)).toBe(true)
  const started = events.filter(({ msg }) => msg.type === 'task_started')
  expect(new Set(started.map((event) => event.submission_id)).size).toBe(started.length)
  const said = events.filter(({ msg }) => msg.type === 'user_message')
  expect(said.map((event) => event.submission_id).toSorted()).toEqual(
    receipts
      .filter(({ outcome }) => ['started', 'queued', 'steered'].includes(outcome))
      .map((one) => one.submission_id)
      .toSorted(),
  )
}

async function checkEnd(conversation: ModelledConversation, answers: Answer[]): Promise<void> {
  await conversation.settle()
  const shut = answers.some((answer) => 'outcome' in answer && answer.outcome === 'closing')
  if (shut) await conversation.manager.get(conversation.id).shutdown()
  const events = await conversation.events()
  checkLog(events, answers)
  expect(conversation.mostAtOnce).toBeLessThanOrEqual(1)
  expect(conversation.view()).toMatchObject({
    status: shut ? 'closed' : 'idle',
    active_task: null,
    queued: [],
    last_seq: events.length,
  })
  expect(conversation.openSessions).toBe(shut ? 0 : 1)
  expect(events.findIndex(({ msg }) => msg.type === 'shutdown_complete')).toBe(
    shut ? events.length - 1 : -1,
  )
}

async function perform(conversation: ModelledConversation, one: Step): Promise<Answer | undefined> {
  if (one.do === 'submit') return conversation.submit(one.op)
  if (one.do === 'end') await conversation.endTask(one.how)
  if (one.do === 'say') await conversation.task?.say('a')
  if (one.do === 'steering') conversation.takesSteering = one.takes
  return undefined
}

/** What the model says a step leads to, and what it did. */
async function performBoth(
  conversation: ModelledConversation,
  model: ConversationModel,
  one: Step,
): Promise<{ readonly expected: object; readonly found: object; readonly answer?: Answer }> {
  const answer = await perform(conversation, one)
  if (one.do === 'end' && model.active !== undefined) model.taskEnded()
  if (one.do === 'steering') model.takesSteering = one.takes
  const said = one.do === 'submit' ? model.submit(one.op) : {}
  const { after, ...answered } = { after: 0, ...answer }
  const { active_task, queued, status, last_seq } = conversation.view()
  return {
    expected: {
      said,
      active: model.active,
      queued: model.queue,
      status: model.status,
      after: true,
    },
    found: {
      said: answered,
      active: active_task?.submission_id,
      queued,
      status,
      after: after <= last_seq,
    },
    ...(answer === undefined ? {} : { answer }),
  }
}

describe('any sequence of submissions and task ends', () => {
  test('one after the other does what the contract says', async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (sequence) => {
        await using conversation = await ModelledConversation.start()
        const model = new ConversationModel()
        const answers: Answer[] = []
        for (const one of sequence) {
          const { expected, found, answer } = await performBoth(conversation, model, one)
          expect(found).toEqual(expected)
          if (answer !== undefined) answers.push(answer)
          // A shutdown of an idle conversation is done a moment after its answer.
          if (model.status === 'closed') await conversation.manager.get(conversation.id).shutdown()
        }
        await checkEnd(conversation, answers)
      }),
      { numRuns: 150 },
    )
  })

  test('at any moment, all at once, ends every task once', async () => {
    expect.hasAssertions()
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), steps, async (scheduler, sequence) => {
        await using conversation = await ModelledConversation.start()
        const answers: Answer[] = []
        const performAtItsTime = async (one: Step): Promise<void> => {
          await scheduler.schedule(Promise.resolve())
          const answer = await perform(conversation, one)
          if (answer !== undefined) answers.push(answer)
        }
        await scheduler.waitFor(Promise.all(sequence.map(performAtItsTime)))
        await checkEnd(conversation, answers)
      }),
      { numRuns: 150 },
    )
  })
})
