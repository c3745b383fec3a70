import { createOfflineClient } from '../../../src/agents/native/offline-client.ts'
import { createResponsesClient } from '../../../src/agents/native/responses-client.ts'
import { describeModelClient, suiteText } from '../../support/model-client-suite.ts'
import { textAnswer } from '../../support/responses-scripts.ts'
import { startResponsesServer } from '../../support/responses-server.ts'

describeModelClient('offline client', async () => {
  const client = createOfflineClient()
  return { client, [Symbol.asyncDispose]: () => client.close() }
})

describeModelClient('responses client', async () => {
  const server = await startResponsesServer({ defaultScript: textAnswer(suiteText) })
  const client = createResponsesClient({ baseUrl: server.baseUrl, apiKey: 'sk-test' })
  return {
    client,
    async [Symbol.asyncDispose]() {
      await client.close()
      await server[Symbol.asyncDispose]()
    },
  }
})
