import { z } from 'zod'
import { SessionConfigured } from './event.ts'
import { InputItems } from './input-item.ts'
import { ApprovalPolicy, ReasoningEffort, ReasoningSummary, SandboxPolicy } from './policies.ts'
import { TaskResult } from './submission.ts'
import { TokenUsage } from './token-usage.ts'
import { ModelName, WorkingDirectory } from './turn-context.ts'

const Title = z.string().max(500)

const Metadata = z
  .record(z.string().min(1).max(64), z.string().max(512))
  .refine((pairs) => Object.keys(pairs).length <= 16, 'must have at most 16 pairs')
  .meta({ description: 'At most 16 pairs of strings.' })

/** The body of a create; every field is optional. */
export const CreateConversation = z
  .strictObject({
    conversation_id: z
      .guid()
      .transform((id) => id.toLowerCase())
      .optional()
      .meta({ description: 'A UUID of your own; makes the create repeatable.', type: 'string' }),
    agent: z.string().min(1).max(100).optional().meta({ description: 'Default: native.' }),
    model: ModelName.optional(),
    model_provider: z.string().min(1).max(100).optional(),
    cwd: WorkingDirectory.optional(),
    approval_policy: ApprovalPolicy.optional(),
    sandbox_policy: SandboxPolicy.optional(),
    base_instructions: z.string().max(262_144).optional(),
    reasoning_effort: ReasoningEffort.optional(),
    reasoning_summary: ReasoningSummary.optional(),
    title: Title.optional(),
    metadata: Metadata.optional(),
    input: InputItems.optional().meta({ description: 'The first turn starts at once.' }),
  })
  .meta({
    id: 'CreateConversation',
    examples: [{ title: 'First steps', input: [{ type: 'text', text: 'Hello' }] }],
  })
export type CreateConversation = z.infer<typeof CreateConversation>

/** The answer to a create. */
export const CreatedConversation = z
  .object({
    conversation_id: z.string(),
    session_configured: SessionConfigured,
    after: z.literal(1).meta({ description: 'The seq of session_configured.' }),
    submission_id: z.string().optional().meta({ description: 'With `input`: its submission.' }),
    task: TaskResult.optional().meta({ description: 'With `input` and `Prefer: wait`.' }),
  })
  .meta({ id: 'CreatedConversation' })
export type CreatedConversation = z.infer<typeof CreatedConversation>

export const ConversationStatus = z
  .enum(['idle', 'running', 'closed'])
  .meta({ id: 'ConversationStatus' })
export type ConversationStatus = z.infer<typeof ConversationStatus>

const Time = z.iso.datetime({ precision: 3 })

/** A conversation as it stands. */
export const Conversation = z
  .object({
    conversation_id: z.string(),
    status: ConversationStatus,
    agent: z.string(),
    model: z.string(),
    model_provider: z.string(),
    cwd: z.string(),
    title: z.string().nullable(),
    metadata: z.record(z.string(), z.string()),
    created_at: Time,
    updated_at: Time,
    last_seq: z.int(),
    active_task: z.object({ submission_id: z.string(), started_at: Time }).nullable(),
    queued: z.array(z.string()).meta({ description: 'Submissions that wait for their turn.' }),
    usage: TokenUsage,
    session_configured: SessionConfigured,
  })
  .meta({ id: 'Conversation' })
export type Conversation = z.infer<typeof Conversation>

/** One page of a list of conversations, newest first. */
export const ConversationPage = z
  .object({
    data: z.array(Conversation),
    next_cursor: z.string().nullable().meta({ description: 'Null on the last page.' }),
  })
  .meta({ id: 'ConversationPage' })
export type ConversationPage = z.infer<typeof ConversationPage>

/** What can be changed of a conversation. */
export const PatchConversation = z
  .strictObject({
    title: Title.nullable().optional(),
    metadata: Metadata.optional().meta({ description: 'Replaces all pairs.' }),
  })
  .refine((patch) => Object.keys(patch).length > 0, 'give title or metadata')
  .meta({ id: 'PatchConversation' })
export type PatchConversation = z.infer<typeof PatchConversation>
