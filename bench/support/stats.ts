/** Several rounds of one figure. */
export interface Spread {
  readonly min: number
  readonly median: number
  readonly max: number
}

/** The value below which a share of the values lies. */
function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((left, right) => left - right)
  const index = Math.min(sorted.length - 1, Math.floor(sorted.length * share))
  return sorted[index] ?? Number.NaN
}

export function spreadOf(values: readonly number[]): Spread {
  return { min: Math.min(...values), median: quantile(values, 0.5), max: Math.max(...values) }
}

/** Each value over the one it was measured next to. */
export function ratios(ours: readonly number[], theirs: readonly number[]): readonly number[] {
  return ours.map((value, index) => value / (theirs[index] ?? Number.NaN))
}

/** Latencies by round. */
export type Latencies = readonly (readonly number[])[]

export interface Comparison {
  readonly share: number
  readonly ours: Spread
  readonly theirs: Spread
  readonly ratio: Spread
}

/** One quantile of both sides' rounds, and of ours over theirs. */
export function compareAt(share: number, ours: Latencies, theirs: Latencies): Comparison {
  const our = ours.map((latencies) => quantile(latencies, share))
  const their = theirs.map((latencies) => quantile(latencies, share))
  return {
    share,
    ours: spreadOf(our),
    theirs: spreadOf(their),
    ratio: spreadOf(ratios(our, their)),
  }
}
