import { expect, test } from 'vitest'
import { createFakeAgent } from '../support/fake-agent.ts'
import { createConversation, get, post, say } from '../support/http.ts'
import { startServer } from '../support/test-server.ts'

test('a page is bounded in bytes, as what a caller who does not read it costs', async () => {
  await using server = await startServer({ agent: createFakeAgent() })
  const url = await createConversation(server.url)
  for (let n = 0; n < 20; n += 1) await post(`${url}/submissions`, say('x'.repeat(500_000)))
  const seqs: number[] = []
  for (let after = 0; ;) {
    const { body } = await get(`${url}/events?limit=1000&after=${after}`)
    expect(JSON.stringify(body).length).toBeLessThan(2_000_000)
    for (const { seq } of body.data) seqs.push(seq)
    after = body.after
    if (!body.has_more) break
  }
  expect(seqs).toEqual(Array.from({ length: 22 }, (_, n) => n + 1))
})
