import type { FastifyPluginAsyncZodOpenApi, FastifyZodOpenApiSchema } from 'fastify-zod-openapi'
import { Op } from '../schemas/op.ts'
import { ConversationParams, SubmissionHeaders, NoQuery } from '../schemas/requests.ts'
import { SubmissionReceipt, TaskResult } from '../schemas/submission.ts'
import type { ConversationManager } from '../src/conversation/conversation-manager.ts'
import { preferenceApplied, preferredWait, waitSignal } from '../src/http/prefer.ts'
import { commonProblemResponses, problemResponses } from '../src/http/problem-responses.ts'
import { submittedHeaders } from '../src/http/response-headers.ts'

interface Options {
  readonly manager: ConversationManager
}

/** Whether a submission with this outcome has a task to wait for. */
const hasTask: Readonly<Record<SubmissionReceipt['outcome'], boolean>> = {
  started: true,
  steered: true,
  queued: true,
  applied: false,
  interrupted: false,
  idle: false,
  closing: false,
}

const submissionRoutes: FastifyPluginAsyncZodOpenApi<Options> = async (app, { manager }) => {
  app.post(
    '/conversations/:conversation_id/submissions',
    {
      schema: {
        operationId: 'submit',
        summary: 'Submit an op',
        description:
          'Answers at once what became of it; with `Prefer: wait=N`, how its task ended, if it ends in time.',
        tags: ['Submissions'],
        params: ConversationParams,
        querystring: NoQuery,
        headers: SubmissionHeaders,
        body: Op,
        response: {
          200: {
            description: 'With `Prefer: wait`: how the task ended.',
            headers: submittedHeaders,
            content: { 'application/json': { schema: TaskResult } },
          },
          202: {
            description: 'It took effect.',
            headers: submittedHeaders,
            content: { 'application/json': { schema: SubmissionReceipt } },
          },
          ...commonProblemResponses,
          404: problemResponses[404],
          409: problemResponses[409],
          413: problemResponses[413],
          415: problemResponses[415],
          429: problemResponses[429],
          503: problemResponses[503],
        },
      } satisfies FastifyZodOpenApiSchema,
    },
    async (request, reply) => {
      const { conversation_id } = request.params
      const wait = preferredWait(request)
      const key = request.headers['idempotency-key']
      const submitted = await manager.submit(conversation_id, request.body, key)
      const { conversation, receipt, replayed } = submitted
      if (replayed) reply.header('idempotency-replayed', 'true')
      if (wait === undefined || !hasTask[receipt.outcome]) return reply.code(202).send(receipt)
      preferenceApplied(reply, wait)
      const result = await conversation.taskResult(receipt, waitSignal(request, wait))
      return result === undefined ? reply.code(202).send(receipt) : reply.code(200).send(result)
    },
  )
}

export default submissionRoutes
