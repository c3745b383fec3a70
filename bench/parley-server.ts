import { portOf } from './support/port-of.ts'
import { control, report } from './support/control.ts'
import { measureMemory } from './support/measure-memory.ts'
import { isServerCommand } from './support/messages.ts'
import { startParley } from './support/parley.ts'
import { Publisher } from './support/publisher.ts'

await using stack = new AsyncDisposableStack()
const { app, conversation, io } = stack.use(await startParley())
const resources = stack.move()
const publisher = new Publisher((delta) => io.emit({ type: 'agent_message_delta', delta }))
const port = portOf(app.server)

control(
  isServerCommand,
  async (command) => {
    switch (command.type) {
      case 'measure_memory':
        return { type: 'memory', ...(await measureMemory(command.flavor)) }
      case 'publish': {
        const published = await publisher.run(command)
        return { type: 'published', ...published, lastId: conversation.lastSeq }
      }
      case 'acknowledge':
        publisher.acknowledge(command.received)
        return undefined
      case 'answer_with':
        throw new Error(`this server cannot ${command.type}`)
    }
  },
  () => resources.disposeAsync(),
)
report({
  type: 'listening',
  port,
  streamPath: `/conversations/${conversation.id}/events?after=end`,
})
