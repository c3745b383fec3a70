import { availableParallelism } from 'node:os'
import type { Comparison, Spread } from './stats.ts'

interface Aim {
  readonly aim: string
  /** What this run found, in words. */
  readonly found: string
  readonly met: boolean
}

interface Table {
  readonly head: readonly string[]
  readonly rows: readonly (readonly string[])[]
}

/** What one part of the benchmark found. */
export interface PartReport {
  readonly title: string
  /** How it was measured, and what to keep in mind. */
  readonly notes: readonly string[]
  readonly table: Table
  readonly aims: readonly Aim[]
}

/** The results as a page of Markdown. */
export function resultsPage(sections: readonly string[]): string {
  const machine = `${availableParallelism()} cores (shared), Node ${process.version}, ${process.platform} ${process.arch}, ${new Date().toISOString().slice(0, 10)}`
  const intro = [
    '# Benchmark results',
    `Written by \`npm run bench\`. ${machine}.`,
    'Server, baseline and clients run in processes of their own, over loopback. Ours and the baseline take turns in rounds of one run; figures are medians of the rounds, with the least and the most in brackets. Absolute figures depend on the machine and on what else it did: compare ratios.',
  ]
  return `${[...intro, ...sections].join('\n\n')}\n`
}

export function sectionOf(name: string, { title, notes, table, aims }: PartReport): string {
  const lines = aims.map(
    ({ aim, found, met }) => `- Aim: ${aim}. This run: ${found}: **${met ? 'met' : 'missed'}**.`,
  )
  return [
    `## ${title}`,
    `\`npm run bench -- ${name}\``,
    notes.join(' '),
    markdownTable(table),
    lines.join('\n'),
  ].join('\n\n')
}

/** "median (min–max)". */
export function shown({ min, median, max }: Spread, digits: number): string {
  return `${number(median, digits)} (${number(min, digits)}–${number(max, digits)})`
}

export function number(value: number, digits: number): string {
  return value.toLocaleString('en', {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  })
}

function markdownTable({ head, rows }: Table): string {
  const rule = head.map((_, index) => (index === 0 ? '---' : '---:'))
  return [head, rule, ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

/** A row of a table of latencies, in milliseconds. */
export function latencyRow({ share, ours, theirs, ratio }: Comparison): readonly string[] {
  return [`p${share * 100}`, shown(ours, 3), shown(theirs, 3), shown(ratio, 2)]
}
