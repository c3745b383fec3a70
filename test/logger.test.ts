import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'

const cwd = fileURLToPath(new URL('..', import.meta.url))
const source = `import { createLogger } from './src/logger.ts'
createLogger('info').info({ headers: { authorization: 'swordfish' } }, 'hello')`
const node = [process.execPath, '--input-type=module', '--eval', source]

/** The program that runs another one on a terminal of its own, as Linux has it. */
const hasScript = spawnSync('script', ['--version']).stdout?.toString().includes('util-linux')
const scriptNote = hasScript ? '' : ' (skipped: there is no script of util-linux)'

describe('the log', () => {
  test('is JSON lines where no terminal is, without secrets', () => {
    const [command = '', ...args] = node
    const { stdout } = spawnSync(command, args, { cwd })
    expect(JSON.parse(stdout.toString())).toMatchObject({
      msg: 'hello',
      headers: { authorization: '[Redacted]' },
    })
  })

  test.skipIf(!hasScript)(`is readable on a terminal, without secrets${scriptNote}`, () => {
    const quoted = node.map((word) => `'${word.replaceAll("'", String.raw`'\''`)}'`).join(' ')
    const { stdout } = spawnSync('script', ['-qec', quoted, '/dev/null'], { cwd })
    const text = stdout.toString()
    expect(text).toContain('INFO')
    expect(text).toContain('hello')
    expect(text).not.toContain('"msg"')
    expect(text).not.toContain('swordfish')
  })
})
