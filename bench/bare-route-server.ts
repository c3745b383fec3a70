import fastify from 'fastify'
import { portOf } from './support/port-of.ts'
import { control, report } from './support/control.ts'
import { isServerCommand } from './support/messages.ts'

/** A route that reads a JSON body and answers one, with nothing around it. */
let body: unknown = {}
const app = fastify()
app.post('/', async () => body)
await app.listen({ host: '127.0.0.1', port: 0 })
const port = portOf(app.server)

control(
  isServerCommand,
  (command) => {
    if (command.type !== 'answer_with') throw new Error(`this server cannot ${command.type}`)
    body = command.body
    return { type: 'answer_set' }
  },
  () => app.close(),
)
report({ type: 'listening', port, streamPath: '' })
