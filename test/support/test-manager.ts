import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pino from 'pino'
import type { Agent } from '../../src/agents/agent.ts'
import {
  ConversationManager,
  type ManagerLimits,
} from '../../src/conversation/conversation-manager.ts'
import { MessageHistory } from '../../src/conversation/message-history.ts'
import { TestEventLog } from './test-event-log.ts'
import { testLimits } from './test-server.ts'

export interface TestManager extends AsyncDisposable {
  readonly manager: ConversationManager
  readonly log: TestEventLog
}

/** The service below HTTP, on a log that the test controls. */
export async function startManager(
  agent: Agent,
  limits: Partial<ManagerLimits> = {},
): Promise<TestManager> {
  const codexHome = await mkdtemp(join(tmpdir(), 'parley-test-'))
  const log = new TestEventLog()
  const manager = new ConversationManager({
    agents: [agent],
    log,
    history: new MessageHistory(codexHome),
    logger: pino({ level: 'silent' }),
    limits: { ...testLimits, ...limits },
  })
  return {
    manager,
    log,
    [Symbol.asyncDispose]: () => rm(codexHome, { recursive: true, force: true }),
  }
}
