import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'

/** Milliseconds a command has to be answered, and a process to end. */
const answerMs = 90_000
const endMs = 5_000

type Typed = { readonly type: string }
type OfType<Report extends Typed, Type extends Report['type']> = Extract<Report, { type: Type }>

interface Waiter<Report> {
  readonly take: (report: Report) => boolean
  readonly fail: (error: Error) => void
}

/** A process of the benchmark with its control channel. Disposing of it ends the process. */
export class Worker<Command extends Typed, Report extends Typed> implements AsyncDisposable {
  readonly #child: ChildProcess
  readonly #name: string
  readonly #waiters = new Set<Waiter<Report>>()

  /** `name`: a file of the benchmark, without `.ts`. */
  constructor(name: string, isReport: (message: unknown) => message is Report) {
    this.#name = name
    const path = new URL(`../${name}.ts`, import.meta.url)
    // A log to nowhere costs what logging costs, and no terminal's time.
    this.#child = fork(path, {
      execPath: process.execPath,
      // As the service is started, with collections on request.
      execArgv: ['--max-semi-space-size=4', '--expose-gc'],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    })
    this.#child.on('message', (message: unknown) => {
      if (isReport(message)) this.#take(message)
    })
    this.#child.once('exit', (code) => this.#fail(new Error(`${name} ended with ${code}`)))
  }

  send(command: Command): void {
    this.#child.send(command)
  }

  /** Sends a command and resolves with the report that answers it. */
  ask<Type extends Report['type']>(command: Command, type: Type): Promise<OfType<Report, Type>> {
    const answer = this.next(type)
    this.send(command)
    return answer
  }

  /** The next report of a type. */
  next<Type extends Report['type']>(type: Type): Promise<OfType<Report, Type>> {
    const { promise, resolve, reject } = Promise.withResolvers<OfType<Report, Type>>()
    const take = (report: Report): boolean => {
      if (!isOfType(report, type)) return false
      resolve(report)
      return true
    }
    const waiter = { take, fail: reject }
    this.#waiters.add(waiter)
    const late = setTimeout(() => reject(new Error(`${this.#name}: no ${type}`)), answerMs)
    return promise.finally(() => {
      clearTimeout(late)
      this.#waiters.delete(waiter)
    })
  }

  /** Calls back for every report of a type. */
  on<Type extends Report['type']>(type: Type, call: (report: OfType<Report, Type>) => void): void {
    const take = (report: Report): boolean => {
      if (isOfType(report, type)) call(report)
      return false
    }
    this.#waiters.add({ take, fail: () => {} })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const exited = once(this.#child, 'exit')
    const late = setTimeout(() => this.#child.kill('SIGKILL'), endMs)
    this.#child.disconnect()
    await exited
    clearTimeout(late)
  }

  #take(report: Report): void {
    for (const waiter of this.#waiters) {
      if (waiter.take(report)) return
    }
  }

  #fail(error: Error): void {
    for (const waiter of this.#waiters) waiter.fail(error)
  }
}

function isOfType<Report extends Typed, Type extends Report['type']>(
  report: Report,
  type: Type,
): report is OfType<Report, Type> {
  return report.type === type
}
