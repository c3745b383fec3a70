import type { FastifyReply, FastifyRequest } from 'fastify'
import type { FastifyPluginAsyncZodOpenApi, FastifyZodOpenApiSchema } from 'fastify-zod-openapi'
import { ConversationParams, EventsHeaders, EventsQuery } from '../schemas/requests.ts'
import { EventPage, StreamData } from '../schemas/event-stream.ts'
import type { Conversation } from '../src/conversation/conversation.ts'
import type { ConversationManager } from '../src/conversation/conversation-manager.ts'
import { invalidField } from '../src/errors.ts'
import { eventFilter, type EventFilter } from '../src/http/event-filter.ts'
import { eventPage } from '../src/http/event-page.ts'
import { answerStreamHead, type EventStreams } from '../src/http/event-streams.ts'
import { negotiate } from '../src/http/negotiate.ts'
import { commonProblemResponses, problemResponses } from '../src/http/problem-responses.ts'

interface Options {
  readonly manager: ConversationManager
  readonly streams: EventStreams
}

interface StreamRequest {
  readonly conversation: Conversation
  readonly after: number
  readonly wants: EventFilter | undefined
  readonly untilIdle: boolean
}

const eventRoutes: FastifyPluginAsyncZodOpenApi<Options> = async (app, options) => {
  const { manager, streams } = options

  app.get(
    '/conversations/:conversation_id/events',
    {
      schema: {
        operationId: 'readEvents',
        summary: 'Stream or page through the events',
        description:
          'Every event with a greater seq than the cursor, in order, each once: first from the log, then live. `Accept: application/json` answers a page instead, which may be shorter than its limit: `has_more` says whether there is more. A stream of a conversation that has ended, read to its end, answers 204. Where a filter leaves events out, blocks with only an `id:` move the cursor past them.',
        tags: ['Events'],
        params: ConversationParams,
        querystring: EventsQuery,
        headers: EventsHeaders,
        response: {
          200: {
            description: 'The events.',
            content: {
              'text/event-stream': { schema: StreamData },
              'application/json': { schema: EventPage },
            },
          },
          204: { description: 'There is nothing to come: an EventSource stops reconnecting.' },
          ...commonProblemResponses,
          404: problemResponses[404],
          406: problemResponses[406],
          409: problemResponses[409],
          410: problemResponses[410],
          429: problemResponses[429],
        },
      } satisfies FastifyZodOpenApiSchema,
    },
    async (request, reply) => {
      const { query, headers } = request
      const conversation = manager.get(request.params.conversation_id)
      const wants = eventFilter(query)
      const after = cursorOf(query, headers) ?? conversation.lastSeq
      const type = negotiate(request, ['text/event-stream', 'application/json'])
      if (type === 'text/event-stream') {
        refuse(query, 'limit')
        const untilIdle = query.until === 'idle'
        return stream(request, reply, { conversation, after, wants, untilIdle })
      }
      refuse(query, 'until')
      const page = await eventPage(conversation, { after, limit: query.limit ?? 100, wants })
      return reply.type('application/json; charset=utf-8').send(page)
    },
  )

  async function stream(
    request: FastifyRequest,
    reply: FastifyReply,
    { conversation, after, wants, untilIdle }: StreamRequest,
  ): Promise<FastifyReply> {
    // Reports a cursor that cannot be read from while there still is a status to report it with.
    await conversation.read({ after, limit: 1 })
    const reconnects = request.headers['last-event-id'] !== undefined
    const wasIdle = reconnects && untilIdle && conversation.quietAt(after)
    if (wasIdle || conversation.closedAt(after)) return reply.code(204).send()
    if (request.method === 'HEAD') {
      answerStreamHead(reply)
      return reply
    }
    streams.assertRoom(conversation.id)
    streams.open(request, reply, { source: conversation, after, wants, untilIdle })
    return reply
  }
}

/** The seq to read from; undefined means from the end. */
function cursorOf(
  { after = 0 }: EventsQuery,
  headers: { readonly 'last-event-id'?: number | '' | undefined },
): number | undefined {
  const header = headers['last-event-id']
  if (header !== undefined && header !== '') return header
  return after === 'end' ? undefined : after
}

/** Some parameters belong to one of the two representations only. */
function refuse(query: EventsQuery, name: 'limit' | 'until'): void {
  if (query[name] === undefined) return
  throw invalidField(`/${name}`, 'does not go with the representation of the Accept header')
}

export default eventRoutes
