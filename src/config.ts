import { statSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { isLoopbackName } from './lib/loopback.ts'

const whole = (least: number, most: number) =>
  z
    .string()
    .regex(/^\d{1,15}$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.number().min(least).max(most))

const list = z.string().transform((text) =>
  text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== ''),
)

const httpUrl = z.url({ protocol: /^https?$/, error: 'must be an http(s) URL' })

const ApiKeys = list
  .refine((pairs) => pairs.every((pair) => /^[^:]+:.+$/.test(pair)), 'must be name:key pairs')
  .transform((pairs) =>
    pairs.map((pair) => {
      const colon = pair.indexOf(':')
      return { name: pair.slice(0, colon), key: pair.slice(colon + 1) }
    }),
  )

const AllowedOrigins = list.refine(
  (origins) => origins.every((origin) => URL.canParse(origin) && new URL(origin).origin === origin),
  'must be origins such as https://app.example.com',
)

const AllowedHosts = list.refine(
  (hosts) => hosts.every(isHostName),
  'must be host names without scheme or port',
)

const CodexHome = z.string().refine(isDirectory, 'must be a directory that exists')

const Environment = z.object({
  PARLEY_HOST: z.string().default('127.0.0.1'),
  PARLEY_PORT: whole(0, 65_535).default(8787),
  PARLEY_STORE: z
    .literal('memory', { error: 'must be memory; this version has no other store' })
    .default('memory'),
  PARLEY_API_KEYS: ApiKeys.default([]),
  PARLEY_ALLOWED_ORIGINS: AllowedOrigins.default([]),
  PARLEY_ALLOWED_HOSTS: AllowedHosts.default([]),
  PARLEY_LOG_LEVEL: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'])
    .default('info'),
  PARLEY_EVENT_LOG_BYTES: whole(1, 2 ** 40).default(16 * 2 ** 20),
  PARLEY_HEARTBEAT_MS: whole(10, 86_400_000).default(15_000),
  PARLEY_STUCK_READER_MS: whole(10, 86_400_000).default(30_000),
  PARLEY_DRAIN_MS: whole(0, 3_600_000).default(10_000),
  PARLEY_SPAWN_TIMEOUT_MS: whole(1, 3_600_000).default(30_000),
  PARLEY_MAX_CONVERSATIONS: whole(1, 10_000_000).default(10_000),
  PARLEY_MAX_STREAMS: whole(1, 10_000_000).default(10_000),
  PARLEY_MAX_STREAMS_PER_CONVERSATION: whole(1, 10_000_000).default(1_000),
  PARLEY_MAX_QUEUED_SUBMISSIONS: whole(1, 10_000).default(64),
  PARLEY_MAX_BODY_BYTES: whole(1, 2 ** 30).default(8 * 2 ** 20),
  PARLEY_MODEL: z.string().default('gpt-5'),
  OPENAI_API_KEY: z.string().optional(),
  OPENAI_BASE_URL: httpUrl.default('https://api.openai.com/v1'),
  CODEX_HOME: CodexHome.default(join(homedir(), '.codex')),
})

/** The settings of the service, under the names they have in the environment. */
export type Settings = z.infer<typeof Environment>

/** Settings, or every problem there is with them, one line each. */
export type ReadSettings =
  | { readonly settings: Settings; readonly unknown: readonly string[] }
  | { readonly problems: readonly string[] }

/** Reads the settings from an environment. An empty variable counts as not set. */
export function readSettings(environment: NodeJS.ProcessEnv = process.env): ReadSettings {
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''))
  const parsed = Environment.safeParse(given)
  const problems = [...(parsed.error?.issues ?? []).map(problemLine), ...exposureProblems(given)]
  if (!parsed.success || problems.length > 0) return { problems }
  const unknown = Object.keys(given).filter(
    (name) => name.startsWith('PARLEY_') && !(name in Environment.shape),
  )
  return { settings: parsed.data, unknown }
}

function problemLine({ path, message }: z.core.$ZodIssue): string {
  return `${path.join('.')}: ${message}`
}

/** Whoever can reach it at another address than loopback must show a key. */
function exposureProblems(given: NodeJS.ProcessEnv): readonly string[] {
  const keys = ApiKeys.safeParse(given['PARLEY_API_KEYS'] ?? '')
  const host = given['PARLEY_HOST']
  if (host === undefined || isLoopback(host) || !keys.success || keys.data.length > 0) return []
  return ['PARLEY_HOST: without PARLEY_API_KEYS it must be a loopback address']
}

function isLoopback(host: string): boolean {
  return isLoopbackName(host.includes(':') ? `[${host}]` : host)
}

function isHostName(name: string): boolean {
  const url = `http://${name}`
  return URL.canParse(url) && new URL(url).hostname === name.toLowerCase()
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false
}
