import { createFakeAgent, type FakeAgent, type FakeTask } from './fake-agent.ts'
import { createConversation, say } from './http.ts'
import { submit, untilTold } from './submissions.ts'
import { startServer } from './test-server.ts'

export type ReachableState = 'idle' | 'running' | 'aborting' | 'closed'

export interface ConversationInState extends AsyncDisposable {
  readonly url: string
  readonly agent: FakeAgent
  /** The task that runs, or was told to end and has not. */
  readonly task: FakeTask | undefined
}

/** A conversation that was brought, over HTTP, to where a test begins. */
export async function conversationIn(
  state: ReachableState,
  { takesSteering = true }: { takesSteering?: boolean } = {},
): Promise<ConversationInState> {
  let ignoresAborts = state === 'aborting'
  const agent = createFakeAgent({
    takesSteering,
    // Only the first task is stubborn, so that the server can close.
    get heedsAborts() {
      const heeds = !ignoresAborts
      ignoresAborts = false
      return heeds
    },
  })
  const server = await startServer({ agent, limits: { abortGraceMs: 60_000 } })
  const url = await createConversation(server.url)
  const task = state === 'running' || state === 'aborting' ? await startTask(url, agent) : undefined
  if (state === 'aborting') await submit(url, { type: 'interrupt' })
  if (state === 'closed') {
    await submit(url, { type: 'shutdown' })
    await untilTold(url, '0 shutdown_complete')
  }
  return {
    url,
    agent,
    task,
    async [Symbol.asyncDispose]() {
      task?.complete()
      await server[Symbol.asyncDispose]()
    },
  }
}

async function startTask(url: string, agent: FakeAgent): Promise<FakeTask> {
  await submit(url, say('first'))
  return agent.nextTask()
}
