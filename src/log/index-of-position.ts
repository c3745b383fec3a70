import type { RecordPosition } from './event-log.ts'

/** Oldest first; within a millisecond by id, so that every record has one place. */
function comparePositions(left: RecordPosition, right: RecordPosition): number {
  return (
    compareText(left.created_at, right.created_at) ||
    compareText(left.conversation_id, right.conversation_id)
  )
}

/** The index of the first record of a sorted list that does not stand before `position`. */
export function indexOfPosition(
  sorted: readonly RecordPosition[],
  position: RecordPosition,
): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >>> 1
    const record = sorted[middle]
    if (record !== undefined && comparePositions(record, position) < 0) low = middle + 1
    else high = middle
  }
  return low
}

function compareText(left: string, right: string): number {
  if (left === right) return 0
  return left < right ? -1 : 1
}
