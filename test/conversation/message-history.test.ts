import { appendFile, readFile, rename, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MessageHistory } from '../../src/conversation/message-history.ts'
import { makeTempFolder } from '../support/temp-folder.ts'

const entry = (text: string) => ({ session_id: 's', ts: 1, text })
const line = (text: string): string => `${JSON.stringify(entry(text))}\n`

/** A history in a folder of its own that has these bytes already. */
async function historyWith(content?: string) {
  const folder = await makeTempFolder()
  const file = join(folder.path, 'history.jsonl')
  if (content !== undefined) await writeFile(file, content)
  return { ...folder, file, history: new MessageHistory(folder.path) }
}

const inodeOf = async (file: string): Promise<number> => (await stat(file)).ino

describe('the state of a message history', () => {
  test('without a file is 0 and 0', async () => {
    await using at = await historyWith()
    expect(await at.history.state()).toEqual({ logId: 0, entryCount: 0 })
  })

  test('of an empty file has no entries', async () => {
    await using at = await historyWith('')
    expect(await at.history.state()).toEqual({ logId: await inodeOf(at.file), entryCount: 0 })
  })

  test('is the inode and the number of lines', async () => {
    await using at = await historyWith(line('a') + line('b'))
    expect(await at.history.state()).toEqual({ logId: await inodeOf(at.file), entryCount: 2 })
  })

  test('counts on as the file grows, by us and by others', async () => {
    await using at = await historyWith(line('a'))
    expect((await at.history.state()).entryCount).toBe(1)
    await at.history.add(entry('b'))
    expect((await at.history.state()).entryCount).toBe(2)
    await appendFile(at.file, line('c') + line('d'))
    expect((await at.history.state()).entryCount).toBe(4)
    expect((await at.history.state()).entryCount).toBe(4)
  })

  test('counts a line that was read in two parts once', async () => {
    await using at = await historyWith(line('a'))
    const rest = line('b'.repeat(200_000))
    await appendFile(at.file, rest.slice(0, 100))
    expect((await at.history.state()).entryCount).toBe(1)
    await appendFile(at.file, rest.slice(100))
    expect((await at.history.state()).entryCount).toBe(2)
  })

  test('counts anew when the file was replaced by a larger one', async () => {
    await using at = await historyWith(line('a'))
    const { logId } = await at.history.state()
    await writeFile(`${at.file}.new`, line('b') + line('c') + line('d'))
    await rename(`${at.file}.new`, at.file)
    const state = await at.history.state()
    expect(state).toEqual({ logId: await inodeOf(at.file), entryCount: 3 })
    expect(state.logId).not.toBe(logId)
    expect(await at.history.entry(logId, 0)).toBeNull()
    expect(await at.history.entry(state.logId, 0)).toEqual(entry('b'))
  })

  test('counts anew when the file was cut', async () => {
    await using at = await historyWith(line('a') + line('b') + line('c'))
    await at.history.state()
    await truncate(at.file, line('a').length)
    expect((await at.history.state()).entryCount).toBe(1)
    await truncate(at.file, 0)
    expect((await at.history.state()).entryCount).toBe(0)
    await rm(at.file)
    expect(await at.history.state()).toEqual({ logId: 0, entryCount: 0 })
  })
})

describe('an entry of a message history', () => {
  test('is what was added, whatever the text', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.string({ unit: 'binary', maxLength: 50 }), { maxLength: 8 }),
        async (texts) => {
          await using at = await historyWith()
          for (const text of texts) await at.history.add(entry(text))
          const { logId, entryCount } = await at.history.state()
          expect(entryCount).toBe(texts.length)
          for (const [offset, text] of texts.entries()) {
            expect(await at.history.entry(logId, offset)).toEqual(entry(text.toWellFormed()))
          }
        },
      ),
      { numRuns: 20 },
    )
  })

  test.each([
    ['LF', '\n'],
    ['CR LF', '\r\n'],
    ['CR', '\r'],
    ['NEL', '\u0085'],
    ['LINE SEPARATOR', '\u2028'],
    ['PARAGRAPH SEPARATOR', '\u2029'],
    ['VT', '\v'],
    ['FF', '\f'],
  ])('with the line break %s is one entry', async (_name, lineBreak) => {
    await using at = await historyWith()
    const texts = [`one${lineBreak}entry`, 'the next']
    for (const text of texts) await at.history.add(entry(text))
    const { logId } = await at.history.state()
    const found = [await at.history.entry(logId, 0), await at.history.entry(logId, 1)]
    expect(found).toEqual(texts.map(entry))
  })

  test('is null where a line is none, and the others keep their place', async () => {
    const lines = [
      'not JSON',
      '',
      '[]',
      'null',
      '{"text":"a"}',
      '{"session_id":1,"ts":"x","text":1}',
    ]
    await using at = await historyWith(`${lines.join('\n')}\n${line('good')}{"half`)
    const { logId, entryCount } = await at.history.state()
    expect(entryCount).toBe(lines.length + 1)
    for (const offset of lines.keys()) expect(await at.history.entry(logId, offset)).toBeNull()
    expect(await at.history.entry(logId, lines.length)).toEqual(entry('good'))
    expect(await at.history.entry(logId, lines.length + 1)).toBeNull()
  })

  test('is found in a file of many', async () => {
    const count = 20_000
    const lines = Array.from({ length: count }, (_, n) => line(`entry ${n}`))
    await using at = await historyWith(lines.join(''))
    const { logId, entryCount } = await at.history.state()
    expect(entryCount).toBe(count)
    for (const offset of [0, 1, 9_999, count - 1]) {
      expect(await at.history.entry(logId, offset)).toEqual(entry(`entry ${offset}`))
    }
    expect(await at.history.entry(logId, count)).toBeNull()
  })
})

describe('adding', () => {
  test('makes the folder and the file, for the owner alone', async () => {
    await using folder = await makeTempFolder()
    const home = join(folder.path, 'a', 'b')
    await new MessageHistory(home).add(entry('first'))
    expect((await stat(home)).mode & 0o777).toBe(0o700)
    expect((await stat(join(home, 'history.jsonl'))).mode & 0o777).toBe(0o600)
  })

  test('from two processes at once mixes no lines', async () => {
    await using at = await historyWith()
    const other = new MessageHistory(at.path)
    const texts = Array.from({ length: 200 }, (_, n) => `${n} ${'x'.repeat(n * 50)}`)
    await Promise.all(texts.map((text, n) => (n % 2 === 0 ? at.history : other).add(entry(text))))
    const lines = (await readFile(at.file, 'utf8')).trimEnd().split('\n')
    const found = lines.map((one): string => JSON.parse(one).text)
    expect(found.toSorted()).toEqual(texts.toSorted())
    for (const writer of [at.history, other])
      expect((await writer.state()).entryCount).toBe(texts.length)
  })

  test('goes on after an add that failed', async () => {
    await using folder = await makeTempFolder()
    const home = join(folder.path, 'home')
    await writeFile(home, 'in the way')
    const history = new MessageHistory(home)
    await expect(history.add(entry('a'))).rejects.toThrow(/EEXIST|ENOTDIR/)
    await rm(home)
    await history.add(entry('b'))
    expect((await history.state()).entryCount).toBe(1)
  })
})
