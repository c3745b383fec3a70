import type { EventType } from '../../schemas/event.ts'
import type { EventsQuery } from '../../schemas/requests.ts'

/** Whether a reader wants events of a type. */
export type EventFilter = (type: EventType) => boolean

/** The filter of a query; undefined where every event is wanted. */
export function eventFilter({ types, exclude }: EventsQuery): EventFilter | undefined {
  if (types === undefined && exclude === undefined) return undefined
  return (type) => (types?.has(type) ?? true) && !(exclude?.has(type) ?? false)
}
