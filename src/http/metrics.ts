import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client'
import type { ConversationManager } from '../conversation/conversation-manager.ts'
import type { EventStreams } from './event-streams.ts'

export interface MetricsOptions {
  readonly manager: ConversationManager
  readonly streams: EventStreams
  /** Also measure the process: event-loop delay, memory, garbage collection. */
  readonly ofProcess: boolean
}

interface Metric {
  readonly name: string
  readonly help: string
  /** The name of the label, and its values with their numbers; or one number. */
  readonly read: () => number | { readonly [labelValue: string]: number }
  readonly label?: string
}

/** The numbers of the service for Prometheus, read from their owners when they are asked for. */
export function createMetrics({ manager, streams, ofProcess }: MetricsOptions): Registry {
  const register = new Registry()
  if (ofProcess) collectDefaultMetrics({ register })
  for (const metric of gauges(manager, streams)) register.registerMetric(newGauge(metric))
  for (const metric of counters(manager, streams)) register.registerMetric(newCounter(metric))
  return register
}

function gauges(manager: ConversationManager, streams: EventStreams): readonly Metric[] {
  return [
    {
      name: 'parley_conversations',
      help: 'Conversations by status.',
      label: 'status',
      read: () => statusCounts(manager),
    },
    {
      name: 'parley_queued_submissions',
      help: 'Submissions that wait, of all conversations.',
      read: () => queueDepth(manager),
    },
    { name: 'parley_streams', help: 'Open event streams.', read: () => streams.size },
    {
      name: 'parley_stream_lag_events',
      help: 'Events that the stream furthest behind has not been sent yet.',
      read: () => streams.maxLag,
    },
  ]
}

function counters(manager: ConversationManager, streams: EventStreams): readonly Metric[] {
  return [
    {
      name: 'parley_tasks_total',
      help: 'Ended tasks by outcome.',
      label: 'outcome',
      read: () => manager.taskCounts,
    },
    {
      name: 'parley_streams_ended_total',
      help: 'Ended event streams by what ended them.',
      label: 'by',
      read: () => streams.totals.ended,
    },
    {
      name: 'parley_stream_events_total',
      help: 'Events sent to readers.',
      read: () => streams.totals.events,
    },
    {
      name: 'parley_stream_bytes_total',
      help: 'Bytes sent to readers, before transfer coding.',
      read: () => streams.totals.bytes,
    },
  ]
}

function newGauge({ read, label, ...named }: Metric): Gauge {
  return new Gauge({
    ...named,
    labelNames: [label ?? []].flat(),
    registers: [],
    collect() {
      for (const [labels, value] of samples(read(), label)) this.set(labels, value)
    },
  })
}

function newCounter({ read, label, ...named }: Metric): Counter {
  return new Counter({
    ...named,
    labelNames: [label ?? []].flat(),
    registers: [],
    collect() {
      this.reset()
      for (const [labels, value] of samples(read(), label)) this.inc(labels, value)
    },
  })
}

function samples(
  numbers: ReturnType<Metric['read']>,
  label = '',
): readonly (readonly [Record<string, string>, number])[] {
  if (typeof numbers === 'number') return [[{}, numbers]]
  return Object.entries(numbers).map(([value, count]) => [{ [label]: value }, count])
}

function statusCounts(manager: ConversationManager): Record<string, number> {
  const counts = { idle: 0, running: 0, closed: 0 }
  for (const { status } of manager.conversations()) counts[status] += 1
  return counts
}

function queueDepth(manager: ConversationManager): number {
  let depth = 0
  for (const conversation of manager.conversations()) depth += conversation.queueDepth
  return depth
}
