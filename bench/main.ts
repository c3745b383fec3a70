import { writeFile } from 'node:fs/promises'
import { measureCreate } from './create.ts'
import { measureDelivery } from './delivery.ts'
import { measureMemory } from './memory.ts'
import { resultsPage, sectionOf, type PartReport } from './support/report.ts'
import { measureTurn } from './turn.ts'

const parts = new Map<string, () => Promise<PartReport>>([
  ['create', measureCreate],
  ['turn', measureTurn],
  ['delivery', measureDelivery],
  ['memory', measureMemory],
])

const asked = process.argv.slice(2)
const unknown = asked.filter((name) => !parts.has(name))
if (unknown.length > 0) {
  process.stderr.write(
    `no such part: ${unknown.join(', ')}; there are ${[...parts.keys()].join(', ')}\n`,
  )
  process.exitCode = 1
} else {
  await run()
}

/** Runs the parts that were asked for, or all; only then RESULTS.md is written. */
async function run(): Promise<void> {
  const sections: string[] = []
  for (const [name, measure] of parts) {
    if (asked.length > 0 && !asked.includes(name)) continue
    const section = sectionOf(name, await measure())
    process.stdout.write(`${section}\n\n`)
    sections.push(section)
  }
  if (asked.length > 0) return
  await writeFile(new URL('RESULTS.md', import.meta.url), resultsPage(sections))
}
