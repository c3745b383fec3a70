import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { describe, expect, test } from 'vitest'
import { readSettings, type Settings } from '../src/config.ts'

function settingsOf(environment: NodeJS.ProcessEnv): Settings {
  const read = readSettings(environment)
  if ('problems' in read) throw new Error(read.problems.join('\n'))
  return read.settings
}

function problemsOf(environment: NodeJS.ProcessEnv): readonly string[] {
  const read = readSettings(environment)
  return 'problems' in read ? read.problems : []
}

/** A setting that keeps other problems away where the host is not what is tested. */
const keys = { PARLEY_API_KEYS: 'a:b' }

describe('without any setting', () => {
  test('the defaults', () => {
    expect(settingsOf({})).toEqual({
      PARLEY_HOST: '127.0.0.1',
      PARLEY_PORT: 8787,
      PARLEY_STORE: 'memory',
      PARLEY_API_KEYS: [],
      PARLEY_ALLOWED_ORIGINS: [],
      PARLEY_ALLOWED_HOSTS: [],
      PARLEY_LOG_LEVEL: 'info',
      PARLEY_EVENT_LOG_BYTES: 16_777_216,
      PARLEY_HEARTBEAT_MS: 15_000,
      PARLEY_STUCK_READER_MS: 30_000,
      PARLEY_DRAIN_MS: 10_000,
      PARLEY_SPAWN_TIMEOUT_MS: 30_000,
      PARLEY_MAX_CONVERSATIONS: 10_000,
      PARLEY_MAX_STREAMS: 10_000,
      PARLEY_MAX_STREAMS_PER_CONVERSATION: 1_000,
      PARLEY_MAX_QUEUED_SUBMISSIONS: 64,
      PARLEY_MAX_BODY_BYTES: 8_388_608,
      PARLEY_MODEL: 'gpt-5',
      OPENAI_BASE_URL: 'https://api.openai.com/v1',
      CODEX_HOME: `${homedir()}/.codex`,
    })
  })

  test('empty ones count as not set', () => {
    const names = Object.keys(settingsOf({ OPENAI_API_KEY: 'k' }))
    const empty = Object.fromEntries(names.map((name) => [name, '']))
    expect(settingsOf(empty)).toEqual(settingsOf({}))
  })
})

describe('a good value', () => {
  test.each<readonly [keyof Settings, string, unknown]>([
    ['PARLEY_HOST', 'localhost', 'localhost'],
    ['PARLEY_HOST', '::1', '::1'],
    ['PARLEY_HOST', '127.0.0.2', '127.0.0.2'],
    ['PARLEY_PORT', '0', 0],
    ['PARLEY_PORT', '65535', 65_535],
    ['PARLEY_STORE', 'memory', 'memory'],
    ['PARLEY_API_KEYS', 'a:b', [{ name: 'a', key: 'b' }]],
    [
      'PARLEY_API_KEYS',
      ' a:b , c:d:e,',
      [
        { name: 'a', key: 'b' },
        { name: 'c', key: 'd:e' },
      ],
    ],
    [
      'PARLEY_ALLOWED_ORIGINS',
      'https://a.example, http://b.example:8080',
      ['https://a.example', 'http://b.example:8080'],
    ],
    ['PARLEY_ALLOWED_HOSTS', 'a.example,10.0.0.1', ['a.example', '10.0.0.1']],
    ['PARLEY_LOG_LEVEL', 'silent', 'silent'],
    ['PARLEY_HEARTBEAT_MS', '10', 10],
    ['PARLEY_DRAIN_MS', '0', 0],
    ['PARLEY_MAX_CONVERSATIONS', '1', 1],
    ['PARLEY_MODEL', 'some-model', 'some-model'],
    ['OPENAI_API_KEY', 'sk-1', 'sk-1'],
    ['OPENAI_BASE_URL', 'http://127.0.0.1:1/v1', 'http://127.0.0.1:1/v1'],
    ['CODEX_HOME', '/', '/'],
  ])('%s=%s', (name, text, value) => {
    expect(settingsOf({ [name]: text })[name]).toEqual(value)
  })

  test('any host goes with keys', () => {
    expect(settingsOf({ ...keys, PARLEY_HOST: '0.0.0.0' }).PARLEY_HOST).toBe('0.0.0.0')
  })
})

const notWhole = ['-1', '1.5', '1e3', ' 1', '0x10', 'many', '\u0661', '9'.repeat(16)]

const bad: Readonly<Record<string, readonly string[]>> = {
  PARLEY_PORT: [...notWhole, '65536'],
  PARLEY_STORE: ['disk', 'sqlite:here', 'Memory'],
  PARLEY_API_KEYS: ['key', ':key', 'name:', 'a:b,c'],
  PARLEY_ALLOWED_ORIGINS: [
    'app.example.com',
    'https://app.example.com/',
    'https://app.example.com/path',
    'https://app.example.com:443',
    'HTTPS://app.example.com',
    '*',
    'null',
    'https://a.example https://b.example',
  ],
  PARLEY_LOG_LEVEL: ['loud', 'INFO', '30'],
  PARLEY_EVENT_LOG_BYTES: [...notWhole, '0'],
  PARLEY_HEARTBEAT_MS: [...notWhole, '0', '9', '86400001'],
  PARLEY_STUCK_READER_MS: [...notWhole, '0', '9', '86400001'],
  PARLEY_DRAIN_MS: [...notWhole, '3600001'],
  PARLEY_SPAWN_TIMEOUT_MS: [...notWhole, '0', '3600001'],
  PARLEY_MAX_CONVERSATIONS: [...notWhole, '0', '10000001'],
  PARLEY_MAX_STREAMS: [...notWhole, '0', '10000001'],
  PARLEY_MAX_STREAMS_PER_CONVERSATION: [...notWhole, '0', '10000001'],
  PARLEY_MAX_QUEUED_SUBMISSIONS: [...notWhole, '0', '10001'],
  PARLEY_MAX_BODY_BYTES: [...notWhole, '0', '1073741825'],
  OPENAI_BASE_URL: ['nowhere', 'ftp://a.example', '//a.example', 'file:///v1', 'https://'],
  CODEX_HOME: ['/does/not/exist', '/etc/passwd'],
}

describe('a bad value is one line that names its setting', () => {
  test.each(Object.keys(bad))('%s', (name) => {
    for (const text of bad[name] ?? []) {
      const problems = problemsOf({ [name]: text })
      expect([text, problems]).toEqual([text, [expect.stringMatching(/^[A-Z_]+: \S.*$/)]])
      expect(problems[0]).toMatch(new RegExp(`^${name}: `))
    }
  })

  test('each of several', () => {
    const environment = Object.fromEntries(
      Object.entries(bad).map(([name, values]) => [name, values[0]]),
    )
    const names = problemsOf(environment).map((line) => line.split(':')[0])
    expect(new Set(names)).toEqual(new Set(Object.keys(bad)))
    expect(names).toHaveLength(Object.keys(bad).length)
  })

  test('the host without keys among others', () => {
    const problems = problemsOf({ PARLEY_HOST: '0.0.0.0', PARLEY_PORT: 'x' })
    expect(problems.map((line) => line.split(':')[0])).toEqual(
      expect.arrayContaining(['PARLEY_PORT', 'PARLEY_HOST']),
    )
  })

  test('keys are not repeated', () => {
    expect(problemsOf({ PARLEY_API_KEYS: 'swordfish' }).join()).not.toContain('swordfish')
    expect(problemsOf({ PARLEY_API_KEYS: 'a:b,swordfish' }).join()).not.toContain('swordfish')
  })
})

describe('without keys', () => {
  test.each([
    '0.0.0.0',
    '::',
    '10.0.0.1',
    'example.com',
    '127.0.0.1.example.com',
    '::ffff:1.2.3.4',
  ])('the host %s is refused', (host) => {
    const [problem, ...more] = problemsOf({ PARLEY_HOST: host })
    expect(problem).toMatch(/^PARLEY_HOST: .*PARLEY_API_KEYS/)
    expect(more).toEqual([])
    expect(problemsOf({ PARLEY_HOST: host, ...keys })).toEqual([])
  })

  test('a list of keys with nothing in it is none', () => {
    expect(problemsOf({ PARLEY_HOST: '0.0.0.0', PARLEY_API_KEYS: ' , ,' })).toHaveLength(1)
  })
})

describe('names that are not known', () => {
  test('are told where they look like ours', () => {
    expect(
      readSettings({
        PARLEY_PROT: '1',
        parley_port: '1',
        PARLEY_: 'x',
        OPENAI_KEY: 'k',
        PATH: '/',
      }),
    ).toMatchObject({ unknown: ['PARLEY_PROT', 'PARLEY_'] })
  })

  test('are nothing where they are empty', () => {
    expect(readSettings({ PARLEY_PROT: '' })).toMatchObject({ unknown: [] })
  })

  test('do not become settings', () => {
    expect(settingsOf({ PARLEY_PROT: '1' })).not.toHaveProperty('PARLEY_PROT')
  })
})

test('README lists every setting with its default', () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
  const rows = [...readme.matchAll(/^\| `([A-Z_]+)` \| (?:`([^`]*)`|none) \|/gm)]
  const listed = Object.fromEntries(rows.map(([, name, value]) => [name, value]))
  const settings = settingsOf({})
  const defaults = Object.entries(settings).map(([name, value]) => [name, shown(value)])
  expect(listed).toEqual({
    ...Object.fromEntries(defaults),
    CODEX_HOME: '~/.codex',
    OPENAI_API_KEY: undefined,
  })
})

function shown(value: unknown): string | undefined {
  return Array.isArray(value) && value.length === 0 ? undefined : String(value)
}
