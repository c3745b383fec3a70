import { z } from 'zod'
import { ConversationStatus } from './conversation.ts'
import { eventTypes, type EventType } from './event.ts'

/** A query without parameters: what is unknown is refused. */
export const NoQuery = z.strictObject({})

export const ConversationParams = z.object({
  conversation_id: z.string().meta({ description: 'The id that the create answered.' }),
})

const wholeNumber = (from: number, to: number) =>
  z
    .string()
    .regex(/^\d{1,6}$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.int().min(from).max(to))
    .meta({ type: 'integer', minimum: from, maximum: to })

export const ListConversationsQuery = z.strictObject({
  limit: wholeNumber(1, 100).optional().meta({ description: 'Default: 20.' }),
  cursor: z.string().max(200).optional().meta({ description: '`next_cursor` of a page.' }),
  status: ConversationStatus.optional(),
})

const isEventType = (name: string): name is EventType => eventTypes.some((type) => type === name)

const EventTypeList = z
  .string()
  .transform((list) => list.split(','))
  .refine((names) => names.every(isEventType), `must be event types: ${eventTypes.join(', ')}`)
  .transform((names) => new Set<string>(names))
  .meta({ type: 'string', description: 'Event types, separated by commas.' })

/** A seq as callers write it. What is larger than any seq is ahead of every log. */
const Cursor = z
  .string()
  .regex(/^\d+$/, 'must be a seq')
  .transform((digits) => Math.min(Number(digits), Number.MAX_SAFE_INTEGER))

export const EventsQuery = z.strictObject({
  after: z
    .union([z.literal('end'), Cursor], { error: 'must be a seq or end' })
    .optional()
    .meta({
      type: 'string',
      pattern: '^(\\d+|end)$',
      description: 'Read what follows this seq; `end`: only what is still to come.',
    }),
  types: EventTypeList.optional().meta({ type: 'string', description: 'Only these types.' }),
  exclude: EventTypeList.optional().meta({ type: 'string', description: 'Not these types.' }),
  until: z
    .literal('idle')
    .optional()
    .meta({ description: 'Ends the stream once the conversation is idle. Streams only.' }),
  limit: wholeNumber(1, 1000).optional().meta({ description: 'Pages only. Default: 100.' }),
})
export type EventsQuery = z.infer<typeof EventsQuery>

export const EventsHeaders = z.object({
  'last-event-id': z
    .union([z.literal(''), Cursor], { error: 'must be a seq' })
    .optional()
    .meta({
      type: 'string',
      pattern: '^\\d*$',
      description: 'The `id:` of the last event seen; goes before `after`.',
    }),
})

export const SubmissionHeaders = z.object({
  'idempotency-key': z
    .string()
    .min(1)
    .max(255)
    .optional()
    .meta({ description: 'The same key and body again answer the first answer.' }),
  prefer: z.string().optional().meta({
    description: '`wait=N`: wait up to N (at most 600) seconds for the task to end.',
  }),
})
