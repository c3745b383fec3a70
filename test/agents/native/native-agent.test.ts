import { describe, expect, it } from 'vitest'
import { ParleyError } from '../../../src/errors.ts'
import type { AgentEvent } from '../../../src/agents/agent.ts'
import { createNativeAgent } from '../../../src/agents/native/native-agent.ts'
import { createOfflineClient } from '../../../src/agents/native/offline-client.ts'
import { openSession, outline, spawnOptions, startTask } from '../../support/native-task.ts'

const agent = createNativeAgent({
  clients: [createOfflineClient()],
  defaultModel: (provider) => `default of ${provider}`,
})

async function spawned(settings: Partial<Parameters<typeof spawnOptions>[0]> = {}) {
  const events: AgentEvent[] = []
  const session = await agent.spawn(
    spawnOptions({ ...settings, emit: (event) => events.push(event) }),
  )
  return { events, session }
}

describe('spawn', () => {
  it('fills in what a create did not ask for', async () => {
    const { events } = await spawned({ history: { logId: 3, entryCount: 4 } })
    expect(events).toEqual([
      {
        submission_id: '',
        msg: {
          type: 'session_configured',
          session_id: 'conversation-1',
          model: 'default of offline',
          model_provider: 'offline',
          agent: 'native',
          cwd: '/',
          approval_policy: 'on-request',
          sandbox_policy: { mode: 'workspace-write' },
          history_log_id: 3,
          history_entry_count: 4,
        },
      },
    ])
  })

  it('takes what it asked for', async () => {
    const settings = {
      cwd: '/tmp',
      model: 'asked',
      model_provider: 'offline',
      approval_policy: 'never',
      sandbox_policy: { mode: 'read-only' },
    } as const
    const { events } = await spawned({ settings })
    expect(events[0]?.msg).toMatchObject(settings)
  })

  it.each(['openai', 'constructor'])(
    'refuses the provider %s, which it does not know',
    async (name) => {
      const error: unknown = await spawned({ settings: { cwd: '/', model_provider: name } }).then(
        () => null,
        (thrown: unknown) => thrown,
      )
      const message = `"${name}" is not known; known: offline`
      expect(error).toBeInstanceOf(ParleyError)
      expect(error).toMatchObject({
        code: 'invalid_request',
        extras: { errors: [{ pointer: '/model_provider', message }] },
      })
    },
  )

  it('does not start a session nobody waits for', async () => {
    const events: AgentEvent[] = []
    const options = spawnOptions({
      signal: AbortSignal.abort(new Error('gone')),
      emit: (event) => events.push(event),
    })
    await expect(agent.spawn(options)).rejects.toThrow('gone')
    expect(events).toEqual([])
  })
})

describe('a session', () => {
  it('talks to the offline model', async () => {
    const { session } = await spawned()
    const task = startTask(session, 'hello there')
    expect(await task.end).toEqual({ status: 'completed', lastAgentMessage: 'hello there' })
    expect(outline(session)).toEqual(['user: hello there', 'assistant: hello there'])
    await session.close()
  })

  it('gives the model its instructions', async () => {
    await using opened = await openSession()
    await startTask(opened.session, 'hi').end
    expect((await opened.server.arrived(1)).body.instructions).toMatch(/assistant/)
  })
})
