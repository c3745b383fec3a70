import assert from 'node:assert/strict'
import { z } from 'zod'
import { Conversation, ConversationPage, CreatedConversation } from '../../schemas/conversation.ts'
import { EventPage } from '../../schemas/event-stream.ts'
import { Problem } from '../../schemas/problem.ts'
import { SubmissionReceipt, TaskResult } from '../../schemas/submission.ts'
import type { RawAnswer } from './raw-http.ts'

/** What the document says, as far as it is looked at here. */
export const Document = z.object({
  paths: z.record(
    z.string(),
    z.record(
      z.string(),
      z.object({
        operationId: z.string(),
        responses: z.record(
          z.string(),
          z.object({ content: z.record(z.string(), z.unknown()).optional() }),
        ),
      }),
    ),
  ),
})
export type Paths = z.infer<typeof Document>['paths']

const Ok = z.object({ status: z.literal('ok') })

/** Bodies of successes by operation and status. */
const successes: Readonly<Record<string, z.ZodType>> = {
  'createConversation 201': CreatedConversation,
  'listConversations 200': ConversationPage,
  'getConversation 200': Conversation,
  'patchConversation 200': Conversation,
  'submit 200': TaskResult,
  'submit 202': SubmissionReceipt,
  'readEvents 200': EventPage,
  'getHealth 200': Ok,
  'getReadiness 200': Ok,
}

/** Fails unless an answer is one that the document has for the method. */
export function checkAnswer(answer: RawAnswer, method: string, operations: Paths[string]): void {
  const { status } = answer
  assert.ok(status < 500, `${status}: ${answer.body}`)
  const operation = operations[method === 'HEAD' ? 'get' : method.toLowerCase()]
  if (status >= 400) checkProblem(answer, method, operation?.responses)
  else {
    assert.ok(String(status) in (operation?.responses ?? {}), `${status} is not documented`)
    const name = `${operation?.operationId} ${status}`
    if (method !== 'HEAD' && isJsonAnswer(answer)) {
      const schema = successes[name]
      assert.ok(schema, `no schema for ${name}`)
      schema.parse(JSON.parse(answer.body))
    }
  }
}

function checkProblem(answer: RawAnswer, method: string, documented: object | undefined): void {
  const { status, headers, body: text } = answer
  assert.match(headers.get('content-type') ?? '', /^application\/problem\+json/)
  if (method === 'HEAD') return
  const problem = Problem.parse(JSON.parse(text))
  assert.equal(problem.status, status)
  const ofRouting = ['route_not_found', 'method_not_allowed'].includes(problem.code)
  const isDocumented = documented === undefined || String(status) in documented
  assert.ok(ofRouting || isDocumented, `${status} is not documented`)
}

function isJsonAnswer({ headers }: RawAnswer): boolean {
  return headers.get('content-type')?.startsWith('application/json') === true
}

export function isProblem({ headers }: RawAnswer): boolean {
  return headers.get('content-type')?.startsWith('application/problem+json') === true
}
