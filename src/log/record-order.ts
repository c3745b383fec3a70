import type { RecordPosition } from './event-log.ts'

/** Newest first; within a millisecond by id, so that every record has one place. */
export function comparePositions(left: RecordPosition, right: RecordPosition): number {
  return (
    compareText(right.created_at, left.created_at) ||
    compareText(right.conversation_id, left.conversation_id)
  )
}

/** The index behind every record of a sorted list that stands at or before `position`. */
export function positionAfter(sorted: readonly RecordPosition[], position: RecordPosition): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >>> 1
    const record = sorted[middle]
    if (record !== undefined && comparePositions(record, position) <= 0) low = middle + 1
    else high = middle
  }
  return low
}

function compareText(left: string, right: string): number {
  if (left === right) return 0
  return left < right ? -1 : 1
}
