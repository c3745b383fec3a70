import { EventSource } from 'eventsource'
import { describe } from 'vitest'
import { clientTests } from './client-suite.ts'
import { watchWith } from './event-client.ts'

describe('the eventsource package', () => {
  clientTests(watchWith((url) => new EventSource(url)))
})
