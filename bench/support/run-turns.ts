import { on } from 'node:events'
import type { Socket } from 'node:net'
import { CreatedConversation } from '../../schemas/conversation.ts'
import { HttpConnection, openStream } from './http-connection.ts'

const input = JSON.stringify({ type: 'user_input', text: 'How are you?' })

/**
 * Runs turns one after another in a conversation of their own. A latency goes from the submission
 * being sent to its `task_complete` being read on an event stream that is open all the time.
 */
export async function runTurns(port: number, count: number): Promise<readonly number[]> {
  using connection = await HttpConnection.open(port)
  const answer: unknown = JSON.parse(await connection.post('/conversations', '{}'))
  const { conversation_id } = CreatedConversation.parse(answer)
  const path = `/conversations/${conversation_id}`
  const socket = await openStream(port, `${path}/events?after=end`)
  const completed = watchFor(socket, '"task_complete"')
  const latencies: number[] = []
  await watchFor(socket, ': parley')()
  for (let turn = 0; turn < count; turn += 1) {
    const start = performance.now()
    const answered = connection.post(`${path}/submissions`, input)
    await completed()
    latencies.push(performance.now() - start)
    await answered
  }
  socket.destroy()
  return latencies
}

/** Returns a function that resolves when the text has come since it was called. */
function watchFor(socket: Socket, text: string): () => Promise<void> {
  return async () => {
    let received = ''
    for await (const [chunk] of on(socket, 'data')) {
      received += String(chunk)
      if (received.includes(text)) return
    }
  }
}
