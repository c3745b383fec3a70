import { describe, expect, test } from 'vitest'
import { createFakeAgent } from '../support/fake-agent.ts'
import { createConversation, get, post, say, send } from '../support/http.ts'
import { SseReader } from '../support/sse-reader.ts'
import { startServer } from '../support/test-server.ts'

describe('/metrics', () => {
  test('of a new service are zero', async () => {
    await using server = await startServer()
    const values = await metrics(server.url)
    expect(Object.keys(values).length).toBeGreaterThan(10)
    for (const [name, value] of Object.entries(values)) expect([name, value]).toEqual([name, 0])
  })

  test('are right after known traffic', async () => {
    const agent = createFakeAgent()
    await using server = await startServer({ agent })
    const running = await createConversation(server.url)
    const closed = await createConversation(server.url)
    await createConversation(server.url)

    for (const end of ['complete', 'fail', 'interrupt'] as const) {
      await post(`${running}/submissions`, say(end, { delivery: 'queue' }))
      const task = await agent.nextTask()
      await using reader = await SseReader.open(`${running}/events?after=end&until=idle`)
      if (end === 'complete') task.complete()
      else if (end === 'fail') task.fail('model_rejected', 'no')
      else await post(`${running}/submissions`, { type: 'interrupt' })
      await reader.rest()
    }
    await post(`${running}/submissions`, say('stays'))
    await agent.nextTask()
    await post(`${running}/submissions`, say('waits', { delivery: 'queue' }))
    await post(`${running}/submissions`, say('waits too', { delivery: 'queue' }))

    await using ending = await SseReader.open(`${closed}/events?exclude=session_configured`)
    await post(`${closed}/submissions`, { type: 'shutdown' })
    await ending.rest()
    await using open = await SseReader.open(`${running}/events`)
    await open.until('error')

    const values = await metrics(server.url)
    expect(values).toMatchObject({
      'parley_conversations{status="idle"}': 1,
      'parley_conversations{status="running"}': 1,
      'parley_conversations{status="closed"}': 1,
      parley_queued_submissions: 2,
      parley_streams: 1,
      parley_stream_lag_events: 0,
      'parley_tasks_total{outcome="completed"}': 1,
      'parley_tasks_total{outcome="failed"}': 1,
      'parley_tasks_total{outcome="aborted"}': 1,
      'parley_streams_ended_total{by="idle"}': 3,
      'parley_streams_ended_total{by="closed"}': 1,
      'parley_streams_ended_total{by="client_left"}': 0,
    })
    const { body } = await get(running)
    // The three until=idle streams: an end each, and the error before one of them.
    const sentBefore = 4 + 1
    expect(values['parley_stream_events_total']).toBe(sentBefore + body.last_seq)
    expect(values['parley_stream_bytes_total']).toBeGreaterThan(100 * body.last_seq)
  })

  test('forget deleted conversations but not what they did', async () => {
    const agent = createFakeAgent({ runTask: (task) => task.complete() })
    await using server = await startServer({ agent })
    const conversation = await createConversation(server.url)
    await post(`${conversation}/submissions`, say('hi'), { prefer: 'wait=30' })
    await send('DELETE', conversation)
    expect(await metrics(server.url)).toMatchObject({
      'parley_conversations{status="idle"}': 0,
      'parley_tasks_total{outcome="completed"}': 1,
    })
  })

  test('count a reader that left', async () => {
    await using server = await startServer()
    const conversation = await createConversation(server.url)
    {
      await using reader = await SseReader.open(`${conversation}/events`)
      await reader.event()
    }
    while ((await metrics(server.url))['parley_streams'] !== 0);
    expect(await metrics(server.url)).toMatchObject({
      'parley_streams_ended_total{by="client_left"}': 1,
      parley_stream_events_total: 1,
    })
  })
})

/** The samples by name and labels. */
async function metrics(url: string): Promise<Record<string, number>> {
  const answer = await fetch(`${url}/metrics`)
  expect(answer.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/)
  const lines = (await answer.text()).split('\n').filter((line) => /^[a-z]/.test(line))
  return Object.fromEntries(
    lines.map((line) => {
      const space = line.lastIndexOf(' ')
      return [line.slice(0, space), Number(line.slice(space + 1))]
    }),
  )
}
