import { expect, test } from 'vitest'
import { startServer } from '../support/test-server.ts'

test('openapi.yaml is what the routes say; npm run openapi writes it', async () => {
  await using server = await startServer()
  const answer = await fetch(`${server.url}/openapi.yaml`)
  await expect(await answer.text()).toMatchFileSnapshot('../../openapi.yaml')
})

test('/openapi.json is the same document', async () => {
  await using server = await startServer()
  const answer = await fetch(`${server.url}/openapi.json`)
  expect(await answer.json()).toEqual(JSON.parse(JSON.stringify(server.app.swagger())))
})
