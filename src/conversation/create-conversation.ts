import type { CreateConversation, CreatedConversation } from '../../schemas/conversation.ts'
import { INITIAL_SUBMIT_ID } from '../../schemas/event.ts'
import type { TurnContext } from '../../schemas/turn-context.ts'
import type { Agent, AgentEvent } from '../agents/agent.ts'
import { invalidField } from '../errors.ts'
import type { ConversationRecord, EventLog } from '../log/event-log.ts'
import { checkDirectory } from './check-directory.ts'
import { Conversation, type ConversationParts } from './conversation.ts'
import { spawnSession, type SpawnedSession } from './spawn-session.ts'

export interface CreateParts extends ConversationParts {
  /** The first is the default. */
  readonly agents: readonly Agent[]
  readonly limits: ConversationParts['limits'] & { readonly spawnTimeoutMs: number }
}

/** A conversation and the answer its creator gets. */
export interface CreateResult {
  readonly conversation: Conversation
  readonly answer: CreatedConversation
}

const noHistory = { logId: 0, entryCount: 0 }

const historyUnavailable: AgentEvent = {
  submission_id: INITIAL_SUBMIT_ID,
  msg: {
    type: 'error',
    code: 'history_unavailable',
    message: 'The message history could not be read.',
  },
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
  try {
    return { conversation, answer: await firstAnswer(conversation, request, record) }
  } catch (error) {
    await discardConversation(conversation, parts.log)
    throw error
  }
}

/** Ends a conversation's session and forgets its log. */
export async function discardConversation(
  conversation: Conversation,
  log: EventLog,
): Promise<void> {
  await conversation.shutdown()
  await log.delete(conversation.id)
}

async function spawn(
  conversationId: string,
  request: CreateConversation,
  { agents, history, limits, logger }: CreateParts,
): Promise<SpawnedSession> {
  const agent = agents.find(({ name }) => name === (request.agent ?? agents[0]?.name))
  if (agent === undefined) {
    throw invalidField('/agent', `the agents are ${agents.map(({ name }) => name).join(', ')}`)
  }
  if (request.cwd !== undefined) await checkDirectory('/cwd', request.cwd)
  const historyState = await history.state().catch((error: unknown) => {
    logger.warn({ err: error }, 'the message history cannot be read')
  })
  const spawned = await spawnSession(agent, {
    conversationId,
    settings: { ...request, cwd: request.cwd ?? process.cwd() },
    history: historyState ?? noHistory,
    timeoutMs: limits.spawnTimeoutMs,
    logger,
  })
  if (historyState === undefined) spawned.events.take(historyUnavailable)
  return spawned
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
