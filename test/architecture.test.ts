import { globSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))

/** Where the files of a part are: a folder, or one file. */
const parts = {
  schemas: 'schemas/',
  errors: 'src/errors.ts',
  lib: 'src/lib/',
  log: 'src/log/',
  tools: 'src/tools/',
  agents: 'src/agents/',
  conversation: 'src/conversation/',
  http: 'src/http/',
  routes: 'routes/',
  app: 'src/app.ts',
  config: 'src/config.ts',
  logger: 'src/logger.ts',
  parts: 'src/parts.ts',
  main: 'src/main.ts',
} as const
type Part = keyof typeof parts

/** Whom each part may import besides its own files. */
const mayImport: Readonly<Record<Part, readonly Part[]>> = {
  schemas: [],
  errors: ['schemas'],
  lib: ['schemas', 'errors'],
  log: ['schemas', 'errors', 'lib'],
  tools: ['schemas', 'errors', 'lib'],
  agents: ['schemas', 'errors', 'lib', 'log', 'tools'],
  conversation: ['schemas', 'errors', 'lib', 'log', 'tools', 'agents'],
  http: ['schemas', 'errors', 'lib', 'log', 'tools', 'agents', 'conversation'],
  routes: ['schemas', 'errors', 'lib', 'log', 'tools', 'agents', 'conversation', 'http'],
  app: ['schemas', 'errors', 'lib', 'log', 'tools', 'agents', 'conversation', 'http', 'routes'],
  config: ['schemas', 'errors', 'lib'],
  logger: ['lib'],
  parts: ['schemas', 'errors', 'lib', 'log', 'tools', 'agents', 'conversation', 'config', 'logger'],
  main: ['schemas', 'errors', 'lib', 'app', 'config', 'logger', 'parts'],
}

/** The only readers of the environment. */
const readsEnvironment = new Set(['src/config.ts'])

interface Source {
  readonly file: string
  readonly text: string
  /** What it imports, as it says it. */
  readonly imports: readonly string[]
}

const importPattern =
  /^\s*(?:import|export)\b(?:[^'"`;]*?\bfrom)?\s*['"]([^'"]+)['"]|\bimport\(\s*['"`]([^'"`]+)['"`]/gm

function readSource(file: string): Source {
  const text = readFileSync(join(root, file), 'utf8')
  const imports = [...text.matchAll(importPattern)].map(
    ([, from, dynamic]) => from ?? dynamic ?? '',
  )
  return { file, text, imports }
}

const files = globSync('{src,routes,schemas,test,bench}/**/*.ts', { cwd: root })
const sources = files.map((file) => readSource(file.replaceAll('\\', '/')))
const product = sources.filter(({ file }) => /^(src|routes|schemas)\//.test(file))

function partOf(file: string): Part | undefined {
  const found = Object.entries(parts).find(([, path]) =>
    path.endsWith('/') ? file.startsWith(path) : file === path,
  )
  return Object.keys(mayImport).find((part): part is Part => part === found?.[0])
}

function isRelative(specifier: string): boolean {
  return specifier.startsWith('.')
}

/** The imports between our own files that the rules do not allow. */
function violations(all: readonly Source[]): readonly string[] {
  return all.flatMap(({ file, imports }) => {
    const from = partOf(file)
    if (from === undefined) return [`${file} belongs to no part`]
    return imports.filter(isRelative).flatMap((specifier) => {
      const target = relative(root, join(root, dirname(file), specifier)).replaceAll('\\', '/')
      const to = partOf(target)
      const isAllowed = to !== undefined && (to === from || mayImport[from].includes(to))
      return isAllowed ? [] : [`${file} imports ${specifier}`]
    })
  })
}

describe('who imports whom', () => {
  test('is as the design says', () => {
    expect(violations(product)).toEqual([])
  })

  test('there are files in it to look at', () => {
    expect(product.length).toBeGreaterThan(50)
    expect(product.flatMap(({ imports }) => imports).length).toBeGreaterThan(200)
  })

  test.each([
    ['src/lib/new.ts', `import { a } from '../log/a.ts'`],
    ['schemas/new.ts', `import { a } from '../src/errors.ts'`],
    ['src/log/new.ts', `import type { A } from '../agents/agent.ts'`],
    ['src/agents/native/new.ts', `import {\n  a,\n} from '../../conversation/a.ts'`],
    ['src/conversation/new.ts', `export { a } from '../http/a.ts'`],
    ['src/http/new.ts', `import a from '../../routes/a.ts'`],
    ['routes/new.ts', `const a = await import('../src/config.ts')`],
    ['src/app.ts', `import '../src/logger.ts'`],
    ['src/new.ts', ''],
    ['src/http/new.ts', `import a from '../../test/a.ts'`],
  ])('%s with %s would be found', (file, text) => {
    const imports = [...text.matchAll(importPattern)].map(([, from, to]) => from ?? to ?? '')
    expect(violations([{ file, text, imports }])).toHaveLength(1)
  })
})

test('only main.ts and config.ts read the environment', () => {
  const readers = product.filter(({ text }) =>
    /\bprocess\s*\.\s*env\b|\benv\b.*from 'node:process'/.test(text),
  )
  expect(readers.map(({ file }) => file).filter((file) => !readsEnvironment.has(file))).toEqual([])
})

test('only plugins have default exports', () => {
  const isPlugin = /^(routes\/|src\/http\/[^/]*-plugin\.ts$)/
  const others = product.filter(
    ({ file, text }) => /^export default\b|\bas default\b/m.test(text) && !isPlugin.test(file),
  )
  expect(others.map(({ file }) => file)).toEqual([])
})

test('an import names a .ts file, a package or a module of Node', () => {
  const wrong = sources.flatMap(({ file, imports }) =>
    imports
      .filter((one) => (isRelative(one) ? !one.endsWith('.ts') : !/^(node:|@?[a-z])/.test(one)))
      .map((one) => `${file} imports ${one}`),
  )
  expect(wrong).toEqual([])
})

test('a module of Node is imported as node:', () => {
  const bare =
    /^(fs|path|http|https|net|os|url|util|crypto|events|stream|timers|child_process|buffer|assert)(\/|$)/
  const wrong = sources.flatMap(({ file, imports }) =>
    imports.filter((one) => bare.test(one)).map((one) => `${file} imports ${one}`),
  )
  expect(wrong).toEqual([])
})

test('no import leads to a file that is not there', () => {
  const known = new Set(sources.map(({ file }) => file))
  const wrong = product.flatMap(({ file, imports }) =>
    imports
      .filter(isRelative)
      .filter((one) => !known.has(relative(root, join(root, dirname(file), one))))
      .map((one) => `${file} imports ${one}`),
  )
  expect(wrong).toEqual([])
})
