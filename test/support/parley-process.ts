import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

/** A line of the log. */
interface LogEntry {
  readonly level: number
  readonly msg: string
  readonly [field: string]: unknown
}

interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** The service in a process of its own. Disposing of it kills the process. */
export interface ParleyProcess extends AsyncDisposable {
  readonly exit: Promise<Exit>
  readonly log: readonly LogEntry[]
  /** Everything it wrote so far, to stdout and stderr. */
  readonly output: string
  readonly stderr: string
  /** Resolves with the first log entry with this message; fails where the process ends before. */
  logged(msg: string): Promise<LogEntry>
  kill(signal: NodeJS.Signals): void
}

const root = fileURLToPath(new URL('../..', import.meta.url))

/** Starts src/main.ts with these settings and no others, on a port that it picks itself. */
export async function startProcess(settings: NodeJS.ProcessEnv = {}): Promise<ParleyProcess> {
  const home = await mkdtemp(join(tmpdir(), 'parley-test-'))
  const env = { HOME: home, CODEX_HOME: home, PARLEY_PORT: '0', ...settings }
  const child = spawn(process.execPath, ['src/main.ts'], { cwd: root, env })
  const log: LogEntry[] = []
  const waiting: { msg: string; resolve: (entry: LogEntry) => void }[] = []
  let stdout = ''
  let stderr = ''
  createInterface({ input: child.stdout }).on('line', (line) => {
    stdout += `${line}\n`
    const entry: LogEntry = JSON.parse(line)
    log.push(entry)
    for (const { msg, resolve } of waiting) if (msg === entry.msg) resolve(entry)
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  const exit = once(child, 'close').then(([code, signal]): Exit => ({ code, signal }))
  return {
    exit,
    log,
    get output() {
      return stdout + stderr
    },
    get stderr() {
      return stderr
    },
    async logged(msg) {
      const known = log.find((entry) => entry.msg === msg)
      if (known !== undefined) return known
      const { promise, resolve, reject } = Promise.withResolvers<LogEntry>()
      waiting.push({ msg, resolve })
      void exit.then(({ code }) => reject(new Error(`ended with ${code}: ${stdout}${stderr}`)))
      return promise
    },
    kill: (signal) => void child.kill(signal),
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await exit
      await rm(home, { recursive: true, force: true })
    },
  }
}

/** Where it listens, once it does. */
export async function urlOf(parley: ParleyProcess): Promise<string> {
  const { url } = await parley.logged('listening')
  return String(url)
}
