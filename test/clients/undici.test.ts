import { EventSource } from 'undici'
import { describe } from 'vitest'
import { clientTests } from './client-suite.ts'
import { watchWith } from './event-client.ts'

describe('the EventSource of undici', () => {
  clientTests(watchWith((url) => new EventSource(url)))
})
