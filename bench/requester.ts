import { control, report } from './support/control.ts'
import { HttpConnection } from './support/http-connection.ts'
import { isRequestCommand, type RequestCommand, type RequestReport } from './support/messages.ts'
import { runTurns } from './support/run-turns.ts'

type PostCommand = Extract<RequestCommand, { type: 'post' }>

control(
  isRequestCommand,
  async (command) => {
    switch (command.type) {
      case 'post':
        return post(command)
      case 'turns':
        return { type: 'turned', latencies: await runTurns(command.port, command.count) }
    }
  },
  () => {},
)
report({ type: 'ready' })

async function post({ connections, ...command }: PostCommand): Promise<RequestReport> {
  const latencies: number[] = []
  let answer = ''
  const body = JSON.stringify(command.body)
  let left = command.count
  const sendAll = async (): Promise<void> => {
    using connection = await HttpConnection.open(command.port)
    while (left > 0) {
      left -= 1
      const start = performance.now()
      answer = await connection.post(command.path, body)
      latencies.push(performance.now() - start)
    }
  }
  await Promise.all(Array.from({ length: connections }, sendAll))
  return { type: 'posted', latencies, answer: JSON.parse(answer) as unknown }
}
