import pino, { type Logger } from 'pino'

/** Where secrets could be in what is logged. */
const secrets = [
  'authorization',
  'cookie',
  'apiKey',
  'api_key',
  'OPENAI_API_KEY',
  'PARLEY_API_KEYS',
]

const redact = secrets.flatMap((name) => [name, `*.${name}`, `*.headers.${name}`])

/** The log of the service: JSON lines, or readable text where a person watches a terminal. */
export function createLogger(level: string): Logger {
  const options = { level, redact }
  if (!process.stdout.isTTY) return pino(options)
  return pino({ ...options, transport: { target: 'pino-pretty' } })
}
