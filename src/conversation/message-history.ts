import { createReadStream, statSync } from 'node:fs'
import { mkdir, open } from 'node:fs/promises'
import { join } from 'node:path'
import { MessageHistoryEntry } from '../../schemas/event.ts'
import { SerialQueue } from '../lib/serial-queue.ts'

/** Which file the history is (its inode; 0: there is none yet) and how many entries it has. */
export interface MessageHistoryState {
  readonly logId: number
  readonly entryCount: number
}

interface Counted {
  readonly inode: number
  readonly size: number
  readonly lines: number
}

const newline = 0x0a
const nothingCounted: Counted = { inode: 0, size: 0, lines: 0 }

/**
 * What people typed, in `$CODEX_HOME/history.jsonl`: one JSON object a line, shared by all
 * sessions and with Codex itself. Each entry is one write to a file opened for appending, so that
 * lines of several processes do not mix. Only the owner may read the file.
 */
export class MessageHistory {
  readonly #codexHome: string
  readonly #path: string
  readonly #queue = new SerialQueue()
  #counted = nothingCounted

  constructor(codexHome: string) {
    this.#codexHome = codexHome
    this.#path = join(codexHome, 'history.jsonl')
  }

  state(): Promise<MessageHistoryState> {
    return this.#queue.run(async () => {
      this.#counted = await this.#count()
      return { logId: this.#counted.inode, entryCount: this.#counted.lines }
    })
  }

  /** Adds an entry; `ts` is in seconds. */
  add(entry: MessageHistoryEntry): Promise<void> {
    return this.#queue.run(async () => {
      await mkdir(this.#codexHome, { recursive: true, mode: 0o700 })
      await using file = await open(this.#path, 'a', 0o600)
      await file.chmod(0o600)
      const line = Buffer.from(`${JSON.stringify(entry)}\n`)
      const { bytesWritten } = await file.write(line)
      if (bytesWritten < line.length) throw new Error('the entry was written only in part')
    })
  }

  /**
   * The entry at `offset` (from 0). Null where `logId` is not this file, where it is shorter, or
   * where the line is not an entry.
   */
  async entry(logId: number, offset: number): Promise<MessageHistoryEntry | null> {
    const { logId: current, entryCount } = await this.state()
    if (logId === 0 || logId !== current || offset >= entryCount) return null
    let index = 0
    for await (const line of linesOf(this.#path)) {
      if (index === offset) return parse(line)
      index += 1
    }
    return null
  }

  /** Counts lines from where the last count ended, or all of them when the file is another. */
  async #count(): Promise<Counted> {
    // A look at a local file takes microseconds, less than a trip through the thread pool.
    const found = statSync(this.#path, { throwIfNoEntry: false })
    if (found === undefined) return nothingCounted
    const known = this.#counted
    const grown = known.inode === found.ino && known.size <= found.size
    if (grown && known.size === found.size) return known
    const from = grown ? known : nothingCounted
    const lines = await countLines(this.#path, { start: from.size, end: found.size })
    return { inode: found.ino, size: found.size, lines: from.lines + lines }
  }
}

/** The lines that are ended. Only a newline ends one: other line breaks may stand in a text. */
async function* linesOf(path: string): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of createReadStream(path)) {
    if (!Buffer.isBuffer(chunk)) continue
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
    rest = lines.pop() ?? ''
    yield* lines
  }
}

async function countLines(path: string, range: { start: number; end: number }): Promise<number> {
  if (range.end === range.start) return 0
  let lines = 0
  for await (const chunk of createReadStream(path, { start: range.start, end: range.end - 1 })) {
    if (!Buffer.isBuffer(chunk)) continue
    for (let at = chunk.indexOf(newline); at !== -1; at = chunk.indexOf(newline, at + 1)) lines += 1
  }
  return lines
}

function parse(line: string): MessageHistoryEntry | null {
  try {
    return MessageHistoryEntry.parse(JSON.parse(line))
  } catch {
    return null
  }
}
