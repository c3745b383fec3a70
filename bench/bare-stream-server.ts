import { createServer, type ServerResponse } from 'node:http'
import { once } from 'node:events'
import { portOf } from './support/port-of.ts'
import { control, report } from './support/control.ts'
import { measureMemory } from './support/measure-memory.ts'
import { isServerCommand } from './support/messages.ts'
import { Publisher } from './support/publisher.ts'

/** What one writes first: every event goes to every response, one write each. */
const responses = new Set<ServerResponse>()
let seq = 0

const server = createServer((_request, response) => {
  response.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store, no-transform',
  })
  response.write('retry: 2000\n: bare\n\n')
  responses.add(response)
  response.once('close', () => responses.delete(response))
})

const publisher = new Publisher((delta) => {
  seq += 1
  const msg = { type: 'agent_message_delta', delta }
  const event = { seq, at: new Date().toISOString(), submission_id: '0', msg }
  const frame = Buffer.from(`data: ${JSON.stringify(event)}\nid: ${seq}\n\n`)
  for (const response of responses) response.write(frame)
})

server.listen(0, '127.0.0.1')
await once(server, 'listening')
const port = portOf(server)

control(
  isServerCommand,
  async (command) => {
    switch (command.type) {
      case 'measure_memory':
        return { type: 'memory', ...(await measureMemory(command.flavor)) }
      case 'publish':
        return { type: 'published', ...(await publisher.run(command)), lastId: seq }
      case 'acknowledge':
        publisher.acknowledge(command.received)
        return undefined
      case 'answer_with':
        throw new Error(`this server cannot ${command.type}`)
    }
  },
  close,
)
report({ type: 'listening', port, streamPath: '/' })

function close(): void {
  server.close()
  server.closeAllConnections()
}
