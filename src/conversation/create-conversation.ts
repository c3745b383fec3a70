import type { CreateConversation, CreatedConversation } from '../../schemas/conversation.ts'
import { INITIAL_SUBMIT_ID } from '../../schemas/event.ts'
import type { TurnContext } from '../../schemas/turn-context.ts'
import type { Agent } from '../agents/agent.ts'
import { invalidField } from '../errors.ts'
import type { ConversationRecord } from '../log/event-log.ts'
import { checkDirectory } from './check-directory.ts'
import { Conversation, type ConversationParts } from './conversation.ts'
import { spawnSession, type SpawnedSession } from './spawn-session.ts'

export interface CreateParts extends ConversationParts {
  readonly agents: Readonly<Record<string, Agent>>
  readonly defaultAgent: string
  readonly limits: ConversationParts['limits'] & { readonly spawnTimeoutMs: number }
}

/** A conversation and the answer its creator gets. */
export interface CreateResult {
  readonly conversation: Conversation
  readonly answer: CreatedConversation
}

/**
 * Starts a session and gives it its log and its conversation; the request's input becomes its
 * first submission. Where this fails, neither session nor log is left.
 */
export async function createConversation(
  id: string,
  request: CreateConversation,
  parts: CreateParts,
): Promise<CreateResult> {
  const spawned = await spawn(id, request, parts)
  const record = newRecord(id, request, spawned)
  try {
    await parts.log.create(record, [
      { at: record.created_at, submission_id: INITIAL_SUBMIT_ID, msg: spawned.configured },
    ])
  } catch (error) {
    await spawned.session.close()
    throw error
  }
  const turnContext = newTurnContext(request, record)
  const conversation = new Conversation({ record, spawned, turnContext }, parts)
  return { conversation, answer: await firstAnswer(conversation, request, record) }
}

async function spawn(
  conversationId: string,
  request: CreateConversation,
  { agents, defaultAgent, history, limits, logger }: CreateParts,
): Promise<SpawnedSession> {
  const agent = agents[request.agent ?? defaultAgent]
  if (agent === undefined) {
    throw invalidField('/agent', `the agents are ${Object.keys(agents).join(', ')}`)
  }
  const cwd = request.cwd ?? process.cwd()
  const [historyState] = await Promise.all([history.state(), checkDirectory('/cwd', cwd)])
  const settings = { ...request, cwd }
  const timeoutMs = limits.spawnTimeoutMs
  return spawnSession(agent, { conversationId, settings, history: historyState, timeoutMs, logger })
}

function newRecord(
  id: string,
  request: CreateConversation,
  { configured }: SpawnedSession,
): ConversationRecord {
  const { type: _, ...session_configured } = configured
  return {
    conversation_id: id,
    created_at: new Date().toISOString(),
    title: request.title ?? null,
    metadata: request.metadata ?? {},
    session_configured,
  }
}

function newTurnContext(request: CreateConversation, record: ConversationRecord): TurnContext {
  const { model, cwd, approval_policy, sandbox_policy } = record.session_configured
  const { reasoning_effort: effort, reasoning_summary: summary } = request
  return { model, cwd, approval_policy, sandbox_policy, effort, summary }
}

async function firstAnswer(
  conversation: Conversation,
  { input }: CreateConversation,
  { session_configured }: ConversationRecord,
): Promise<CreatedConversation> {
  const answer = { conversation_id: conversation.id, session_configured, after: 1 as const }
  if (input === undefined) return answer
  const { receipt } = await conversation.submit({
    type: 'user_input',
    items: input,
    delivery: 'steer',
  })
  return { ...answer, submission_id: receipt.submission_id }
}
