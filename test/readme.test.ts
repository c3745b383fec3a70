import { execFile, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { chromiumNote, hasChromium, launchChromium, openPage } from './support/browser.ts'
import { startProcess, urlOf } from './support/parley-process.ts'

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')

/** The first release of curl with `--json`. */
const hasCurl = spawnSync('curl', ['--json', '{}', '--version']).status === 0
const curlNote = hasCurl ? '' : ' (skipped: there is no curl from 7.82 on)'

interface Block {
  readonly language: string
  readonly text: string
}

function blocksUnder(heading: string): readonly Block[] {
  const [, section = ''] = readme.split(`## ${heading}\n`)
  const [text = ''] = section.split('\n## ')
  return [...text.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].map(
    ([, language = '', block = '']) => ({
      language,
      text: block,
    }),
  )
}

/** The last seq before the turn that is interrupted says anything. */
const turnBegan = 18

/** Hides what differs from run to run: times, the jitter, the folder, how far the turn had come. */
function withoutChance(output: string): string {
  return output
    .replaceAll(/"(at|cwd)":"[^"]*"/g, '"$1":"…"')
    .replaceAll(/^retry: \d+$/gm, 'retry: …')
    .replaceAll(/"seq":(\d+)/g, (all, seq) => (Number(seq) > turnBegan ? '"seq":…' : all))
    .replaceAll(/"(after|last_seq)":(\d+)/g, (all, name, seq) =>
      Number(seq) >= turnBegan ? `"${name}":…` : all,
    )
    .trim()
}

describe('the README', () => {
  test.skipIf(!hasCurl)(`shows what its session with curl really gives${curlNote}`, async () => {
    await using parley = await startProcess()
    const { host } = new URL(await urlOf(parley))
    const blocks = blocksUnder('A session with curl')
    const commands = blocks
      .map(({ language, text }) => (language === 'sh' ? text : String.raw`printf '\f'`))
      .join('\n')
      .replaceAll('localhost:8787', host)
    const { stdout } = await promisify(execFile)('bash', ['-c', commands])
    const shown = blocks.filter(({ language }) => language === 'text').map(({ text }) => text)
    expect(stdout.split('\f').slice(0, -1).map(withoutChance)).toEqual(shown.map(withoutChance))
  })

  test.skipIf(!hasChromium)(`has a browser script that works${chromiumNote}`, async () => {
    await using parley = await startProcess()
    const url = await urlOf(parley)
    const script = blocksUnder('In a browser').find(({ language }) => language === 'js')?.text ?? ''
    const browser = await launchChromium()
    try {
      await using opened = await openPage(browser)
      const { promise: answered, resolve } = Promise.withResolvers<void>()
      opened.page.on('console', async (message) => {
        const values = await Promise.all(message.args().map((value) => value.jsonValue()))
        if (JSON.stringify(values).includes('"task_complete"')) resolve()
      })
      await opened.page.goto(`${url}/docs`)
      await opened.page.evaluate(
        `(async () => { ${script.replaceAll('http://127.0.0.1:8787', url)} })()`,
      )
      await answered
      expect(opened.complaints).toEqual([])
    } finally {
      await browser.close()
    }
  })
})
