import pino, { type Logger } from 'pino'

/** Where secrets could get into what is logged: a request's headers, and settings. */
const holders = ['', 'headers.', 'req.headers.', 'err.headers.', 'settings.']
const secrets = ['authorization', 'cookie', 'apiKey', 'OPENAI_API_KEY', 'PARLEY_API_KEYS']

const redact = holders.flatMap((holder) => secrets.map((secret) => holder + secret))

/** The log of the service: JSON lines, or readable text where a person watches a terminal. */
export function createLogger(level: string): Logger {
  const options = { level, redact }
  if (!process.stdout.isTTY) return pino(options)
  return pino({ ...options, transport: { target: 'pino-pretty' } })
}
