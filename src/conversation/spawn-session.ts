import type { BaseLogger } from 'pino'
import { INITIAL_SUBMIT_ID, type EventMsg } from '../../schemas/event.ts'
import type { Agent, AgentEvent, AgentSession, SpawnOptions } from '../agents/agent.ts'
import { ParleyError } from '../errors.ts'
import { within } from '../lib/within.ts'
import { StartUpEvents } from './start-up-events.ts'

type SessionConfiguredMsg = Extract<EventMsg, { type: 'session_configured' }>

/** A session that has begun as it must. */
export interface SpawnedSession {
  readonly session: AgentSession
  readonly configured: SessionConfiguredMsg
  /** What it said after its first event, and will say outside of tasks. */
  readonly events: StartUpEvents
}

export interface SpawnRequest extends Pick<
  SpawnOptions,
  'conversationId' | 'settings' | 'history'
> {
  /** Milliseconds for the session to start and say its first event. */
  readonly timeoutMs: number
  readonly logger: BaseLogger
}

/**
 * Starts a session and checks its first event. Fails with `agent_spawn_failed` where it does not
 * start, or says nothing, within the time, and with `session_configured_not_first_event` where it
 * begins with anything else. A session that failed, or that comes too late, is closed.
 */
export async function spawnSession(agent: Agent, request: SpawnRequest): Promise<SpawnedSession> {
  const events = new StartUpEvents()
  const abandoned = new AbortController()
  const { conversationId, settings, history } = request
  const spawning = Promise.try(() =>
    agent.spawn({ conversationId, settings, history, emit: events.take, signal: abandoned.signal }),
  )
  const closer = closeWhenAbandoned(spawning, request)
  try {
    const configured = events.first.then((first) => checkFirst(first, conversationId))
    const begun = Promise.all([spawning, configured])
    const [session, msg] = await within(begun, request.timeoutMs)
    return { session, configured: msg, events }
  } catch (error) {
    abandoned.abort(error)
    await closer.abandon()
    throw asSpawnFailure(agent, error)
  }
}

function checkFirst({ submission_id, msg }: AgentEvent, id: string): SessionConfiguredMsg {
  const configured = msg.type === 'session_configured' && submission_id === INITIAL_SUBMIT_ID
  if (configured && msg.session_id === id) return msg
  throw new ParleyError(
    'session_configured_not_first_event',
    configured
      ? `The session calls itself ${msg.session_id}.`
      : `The session began with ${msg.type} under the submission id "${submission_id}".`,
  )
}

/** Closes a session that nobody wants: at once if it is there, else when it comes. */
function closeWhenAbandoned(
  spawning: Promise<AgentSession>,
  { timeoutMs, logger }: SpawnRequest,
): { readonly abandon: () => Promise<void> } {
  let spawned: AgentSession | undefined
  let abandoned = false
  const close = async (session: AgentSession): Promise<void> => {
    await within(session.close(), timeoutMs).catch((error: unknown) => {
      logger.error({ err: error }, 'an abandoned session did not close')
    })
  }
  const keep = async (session: AgentSession): Promise<void> => {
    spawned = session
    if (abandoned) await close(session)
  }
  void spawning.then(keep, () => undefined)
  return {
    async abandon() {
      abandoned = true
      if (spawned !== undefined) await close(spawned)
    },
  }
}

function asSpawnFailure(agent: Agent, error: unknown): ParleyError {
  if (error instanceof ParleyError) return error
  const cause = error instanceof Error ? error.message : String(error)
  return new ParleyError('agent_spawn_failed', `The agent ${agent.name} did not start: ${cause}`, {
    cause: error,
  })
}
