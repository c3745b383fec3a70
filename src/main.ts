import type { Logger } from 'pino'
import { buildApp } from './app.ts'
import { readSettings, type Settings } from './config.ts'
import { createLogger } from './logger.ts'
import { createParts } from './parts.ts'

/** Milliseconds a reconnecting EventSource waits at least. */
const retryMs = 2_000
/** Milliseconds that closing may take even where there is nothing to drain. */
const leastDrainMs = 1_000

const read = readSettings()
if ('problems' in read) refuse(read.problems)
else await serve(read.settings, read.unknown)

/** Ends a start that cannot succeed: one line per problem. */
function refuse(problems: readonly string[]): void {
  for (const problem of problems) process.stderr.write(`${problem}\n`)
  process.exitCode = 1
}

/** Listens until a signal comes, then drains. A second signal ends the process at once. */
async function serve(settings: Settings, unknown: readonly string[]): Promise<void> {
  const logger = createLogger(settings.PARLEY_LOG_LEVEL)
  for (const name of unknown) logger.warn({ name }, 'unknown setting')
  await using parts = createParts(settings, logger)
  const app = await buildApp({
    manager: parts.manager,
    logger,
    access: {
      apiKeys: settings.PARLEY_API_KEYS,
      allowedOrigins: settings.PARLEY_ALLOWED_ORIGINS,
      allowedHosts: settings.PARLEY_ALLOWED_HOSTS,
    },
    streams: {
      heartbeatMs: settings.PARLEY_HEARTBEAT_MS,
      stuckReaderMs: settings.PARLEY_STUCK_READER_MS,
      maxStreams: settings.PARLEY_MAX_STREAMS,
      maxStreamsPerConversation: settings.PARLEY_MAX_STREAMS_PER_CONVERSATION,
      retryMs,
    },
    maxBodyBytes: settings.PARLEY_MAX_BODY_BYTES,
    drainMs: settings.PARLEY_DRAIN_MS,
    processMetrics: true,
  })
  const { PARLEY_HOST: host, PARLEY_PORT: port } = settings
  const url = await app.listen({ host, port }).catch((error: Error) => error)
  if (url instanceof Error) {
    await app.close()
    refuse([`PARLEY_HOST, PARLEY_PORT: ${url.message}`])
    return
  }
  logger.info({ url }, 'listening')
  const signal = await stopSignal()
  logger.info({ signal }, 'draining')
  exitAfter(settings.PARLEY_DRAIN_MS, logger)
  await app.close()
  logger.info('stopped')
}

/** The first signal to stop. From then on any other one ends the process. */
async function stopSignal(): Promise<NodeJS.Signals> {
  const { promise, resolve } = Promise.withResolvers<NodeJS.Signals>()
  let stopping = false
  const stop = (signal: NodeJS.Signals): void => {
    if (stopping) process.exit(1)
    stopping = true
    resolve(signal)
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
  return promise
}

/** Ends the process where the drain takes longer than it may. */
function exitAfter(ms: number, logger: Logger): void {
  const giveUp = (): void => {
    logger.error({ ms }, 'the drain took too long')
    process.exit(1)
  }
  setTimeout(giveUp, Math.max(ms, leastDrainMs)).unref()
}
