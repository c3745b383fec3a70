import type { FastifyPluginAsyncZodOpenApi, FastifyZodOpenApiSchema } from 'fastify-zod-openapi'
import {
  Conversation,
  ConversationPage,
  CreateConversation,
  CreatedConversation,
  PatchConversation,
} from '../schemas/conversation.ts'
import {
  ConversationParams,
  SubmissionHeaders,
  ListConversationsQuery,
  NoQuery,
} from '../schemas/requests.ts'
import { StreamData } from '../schemas/event-stream.ts'
import type { ConversationManager } from '../src/conversation/conversation-manager.ts'
import type { EventStreams } from '../src/http/event-streams.ts'
import { negotiate } from '../src/http/negotiate.ts'
import { pageCursor, parsePageCursor } from '../src/http/page-cursor.ts'
import { preferenceApplied, preferredWait, waitSignal } from '../src/http/prefer.ts'
import { commonProblemResponses, problemResponses } from '../src/http/problem-responses.ts'
import { createdHeaders } from '../src/http/response-headers.ts'

interface Options {
  readonly manager: ConversationManager
  readonly streams: EventStreams
}

const tags = ['Conversations']

const conversationRoutes: FastifyPluginAsyncZodOpenApi<Options> = async (app, options) => {
  const { manager, streams } = options

  app.post(
    '/conversations',
    {
      // Every field is optional, and so is the body.
      preValidation: async (request) => {
        if (request.body === undefined) request.body = {}
      },
      schema: {
        operationId: 'createConversation',
        summary: 'Start a conversation',
        description:
          'Starts the session, waits for its first event and answers with it. With `Accept: text/event-stream` the answer is the event stream from event 1.',
        tags,
        querystring: NoQuery,
        headers: SubmissionHeaders,
        body: CreateConversation.optional(),
        response: {
          201: {
            description: 'The session runs.',
            headers: createdHeaders,
            content: {
              'application/json': { schema: CreatedConversation },
              'text/event-stream': { schema: StreamData },
            },
          },
          ...commonProblemResponses,
          404: problemResponses[404],
          406: problemResponses[406],
          409: problemResponses[409],
          413: problemResponses[413],
          415: problemResponses[415],
          429: problemResponses[429],
          502: problemResponses[502],
          503: problemResponses[503],
        },
      } satisfies FastifyZodOpenApiSchema,
    },
    async (request, reply) => {
      const type = negotiate(request, ['application/json', 'text/event-stream'])
      const wait = preferredWait(request)
      if (type === 'text/event-stream') streams.assertRoom()
      const key = request.headers['idempotency-key']
      const { answer, replayed } = await manager.create(request.body ?? {}, key)
      const { conversation_id, submission_id } = answer
      reply.code(201).header('location', `/conversations/${conversation_id}`)
      if (replayed) reply.header('idempotency-replayed', 'true')
      if (type === 'text/event-stream') {
        const source = manager.get(conversation_id)
        // A repeat may find a conversation that has all the streams it may have.
        streams.assertRoom(conversation_id)
        streams.open(request, reply, { source, after: 0 })
        return reply
      }
      if (wait === undefined || submission_id === undefined) return answer
      preferenceApplied(reply, wait)
      const receipt = { submission_id, outcome: 'started' as const, after: answer.after }
      const signal = waitSignal(request, wait)
      // A repeat may come after the conversation was deleted.
      const task = await manager.find(conversation_id)?.taskResult(receipt, signal)
      return task === undefined ? answer : { ...answer, task }
    },
  )

  app.get(
    '/conversations',
    {
      schema: {
        operationId: 'listConversations',
        summary: 'List conversations',
        description: 'Newest first.',
        tags,
        querystring: ListConversationsQuery,
        response: {
          200: {
            description: 'A page.',
            content: { 'application/json': { schema: ConversationPage } },
          },
          ...commonProblemResponses,
        },
      } satisfies FastifyZodOpenApiSchema,
    },
    async ({ query }) => {
      const after = query.cursor === undefined ? undefined : parsePageCursor(query.cursor)
      const { data, next } = await manager.list({
        limit: query.limit ?? 20,
        after,
        status: query.status,
      })
      return { data: [...data], next_cursor: next === undefined ? null : pageCursor(next) }
    },
  )

  app.get(
    '/conversations/:conversation_id',
    {
      schema: {
        operationId: 'getConversation',
        summary: 'Look up a conversation',
        tags,
        params: ConversationParams,
        querystring: NoQuery,
        response: {
          200: {
            description: 'As it stands.',
            content: { 'application/json': { schema: Conversation } },
          },
          ...commonProblemResponses,
          404: problemResponses[404],
        },
      } satisfies FastifyZodOpenApiSchema,
    },
    async ({ params }) => manager.get(params.conversation_id).view(),
  )

  app.patch(
    '/conversations/:conversation_id',
    {
      schema: {
        operationId: 'patchConversation',
        summary: 'Change title or metadata',
        tags,
        params: ConversationParams,
        querystring: NoQuery,
        body: PatchConversation,
        response: {
          200: {
            description: 'Changed.',
            content: { 'application/json': { schema: Conversation } },
          },
          ...commonProblemResponses,
          404: problemResponses[404],
          413: problemResponses[413],
          415: problemResponses[415],
        },
      } satisfies FastifyZodOpenApiSchema,
    },
    async ({ params, body }) => {
      const conversation = manager.get(params.conversation_id)
      await conversation.patch(body)
      return conversation.view()
    },
  )

  app.delete(
    '/conversations/:conversation_id',
    {
      schema: {
        operationId: 'deleteConversation',
        summary: 'Delete a conversation',
        description: 'Shuts the session down, ends open streams and deletes the log.',
        tags,
        params: ConversationParams,
        querystring: NoQuery,
        response: {
          204: { description: 'Deleted.' },
          ...commonProblemResponses,
          404: problemResponses[404],
          413: problemResponses[413],
          415: problemResponses[415],
        },
      } satisfies FastifyZodOpenApiSchema,
    },
    async ({ params }, reply) => {
      await manager.delete(params.conversation_id, (id) => streams.ended(id))
      return reply.code(204).send()
    },
  )
}

export default conversationRoutes
