import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { get } from '../support/http.ts'
import { startServer } from '../support/test-server.ts'

const commonStatuses = ['400', '401', '403', '500']
const formats = ['/openapi.yaml', '/openapi.json', '/docs/json', '/docs/yaml']

test('openapi.yaml is what the routes say; npm run openapi writes it', async () => {
  await using server = await startServer()
  const answer = await fetch(`${server.url}/openapi.yaml`)
  await expect(await answer.text()).toMatchFileSnapshot('../../openapi.yaml')
})

test.each(formats)(
  'every format is the same document, also where %s is asked for first',
  async (first) => {
    await using server = await startServer()
    const documents = new Set<string>()
    for (const path of [first, ...formats]) {
      const text = await (await fetch(`${server.url}${path}`)).text()
      documents.add(JSON.stringify(parse(text)))
    }
    expect(documents.size).toBe(1)
  },
)

test('the document has the version of the package', async () => {
  await using server = await startServer()
  const Package = z.object({ version: z.string() })
  const file = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  const { body } = await get(`${server.url}/openapi.json`)
  expect(body.info.version).toBe(Package.parse(JSON.parse(file)).version)
})

describe('every operation', () => {
  test('says what all can answer, and refuses unknown query parameters', async () => {
    await using server = await startServer()
    const { body } = await get(`${server.url}/openapi.json`)
    for (const [path, operations] of Object.entries(
      z.record(z.string(), z.record(z.string(), z.unknown())).parse(body.paths),
    )) {
      for (const [method, operation] of Object.entries(operations)) {
        const { responses } = z
          .object({ responses: z.record(z.string(), z.unknown()) })
          .parse(operation)
        expect(Object.keys(responses), `${method} ${path}`).toEqual(
          expect.arrayContaining(commonStatuses),
        )
        const url = `${server.url}${path.replaceAll(/\{\w+\}/g, 'a')}?unknown=1`
        const answer = await fetch(url, { method: method.toUpperCase() })
        expect(answer.status, `${method} ${path}`).toBe(400)
      }
    }
  })
})
