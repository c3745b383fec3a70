import * as fc from 'fast-check'

export const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']

/** Values that fields of this API take, besides anything. */
const nearly = fc.constantFrom<unknown>(
  'user_input',
  'user_turn',
  'interrupt',
  'get_history',
  'override_turn_context',
  'add_to_history',
  'get_history_entry_request',
  'steer',
  'queue',
  'reject',
  'never',
  'fake',
  'native',
  '/',
  '/does/not/exist',
  '/\0',
  '01999999-9999-7999-8999-999999999999',
  'constructor',
  '__proto__',
  'hasOwnProperty',
  0,
  -1,
  1e21,
  null,
  true,
  [],
  {},
  [{ type: 'text', text: 'a' }],
  [{ type: 'image', image_url: 'data:,' }],
  { mode: 'workspace-write', writable_roots: ['/'] },
)

const fields = [
  'type',
  'text',
  'items',
  'input',
  'delivery',
  'conversation_id',
  'agent',
  'model',
  'model_provider',
  'cwd',
  'approval_policy',
  'sandbox_policy',
  'base_instructions',
  'reasoning_effort',
  'title',
  'metadata',
  'clear_queue',
  'offset',
  'log_id',
]

const anyString = fc.oneof(fc.string({ unit: 'binary', maxLength: 40 }), fc.string())
const anyValue = fc.oneof(nearly, fc.jsonValue({ maxDepth: 3 }), anyString)
const anyFields = fc.dictionary(fc.oneof(fc.constantFrom(...fields), fc.string()), anyValue, {
  maxKeys: 5,
})

/** Bodies that are what the routes take, so that not every request ends at the validation. */
const plausible = fc.constantFrom<unknown>(
  {},
  { title: 'a' },
  { input: [{ type: 'text', text: 'hi' }] },
  { metadata: { a: 'b' } },
  { type: 'user_input', text: 'hi' },
  { type: 'user_input', text: 'hi', delivery: 'queue' },
  { type: 'user_turn', text: 'hi', model: 'm' },
  { type: 'override_turn_context', cwd: '/' },
  { type: 'add_to_history', text: 'hi' },
  { type: 'get_history_entry_request', offset: 0, log_id: 1 },
  { type: 'get_history' },
  { type: 'interrupt' },
)

export const body = fc.oneof(
  { weight: 3, arbitrary: plausible.map((value) => JSON.stringify(value)) },
  { weight: 3, arbitrary: anyFields.map((value) => JSON.stringify(value)) },
  { weight: 1, arbitrary: fc.json() },
  { weight: 1, arbitrary: fc.string() },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)) },
  { weight: 1, arbitrary: fc.constant(undefined) },
)

/** Anything that can stand in a header line. */
const headerValue = fc
  .string({ unit: 'binary', maxLength: 60 })
  // oxlint-disable-next-line no-control-regex
  .map((text) => text.replaceAll(/[\0-\x08\n-\x1f\x7f]|[^\0-\xff]/g, 'x'))

export const header = fc.oneof(
  fc.tuple(
    fc.constantFrom(
      'Accept',
      'Accept-Encoding',
      'Authorization',
      'Content-Type',
      'Content-Encoding',
      'Cookie',
      'Host',
      'Idempotency-Key',
      'If-None-Match',
      'Last-Event-ID',
      'Origin',
      'Prefer',
      'Range',
      'X-Forwarded-For',
      'X-HTTP-Method-Override',
      'X-Request-Id',
    ),
    headerValue,
  ),
  fc.constantFrom<[string, string]>(
    ['Accept', 'application/json'],
    ['Accept', 'text/event-stream'],
    ['Accept', '*/*;q=0'],
    ['Expect', '100-continue'],
    ['Idempotency-Key', 'k'],
    ['Last-Event-ID', '0'],
    ['Last-Event-ID', '99999999999999999999999'],
    ['Origin', 'http://localhost:1'],
    ['Prefer', 'wait=1'],
    ['Prefer', 'respond-async, wait=0'],
  ),
)

const queryPart = fc.oneof(
  fc.constantFrom(
    'limit=1',
    'limit=1e3',
    'limit=-0',
    'cursor=W10',
    'cursor=%00',
    'status=idle',
    'after=end',
    'after=1',
    'after=99999999999999999999',
    'after=-1',
    'types=error,error',
    'types=',
    'exclude=task_started',
    'until=idle',
    '__proto__=1',
    'constructor=1',
    'a[b]=1',
    '%',
    '=',
    '&',
  ),
  fc.string().map((text) => encodeURIComponent(text.toWellFormed())),
)
export const query = fc
  .array(queryPart, { maxLength: 3 })
  .map((parts) => (parts.length === 0 ? '' : `?${parts.join('&')}`))

export const strangeId = fc.oneof(
  fc.constantFrom(
    '%',
    '%00',
    '%2e%2e',
    '..',
    '%ff',
    'a'.repeat(300),
    'undefined',
    '*',
    '__proto__',
  ),
  fc.uuid(),
  fc.string().map((text) => encodeURIComponent(text.toWellFormed())),
)
