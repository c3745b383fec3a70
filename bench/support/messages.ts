/** How a publisher spaces its events. `window`: as many at once as may be outstanding. */
export type Schedule = 'window' | 'turn' | 'paced'

/** One run of a publisher: at least this long, with this spacing. */
export interface PublishPlan {
  readonly schedule: Schedule
  readonly ms: number
}

/** `regular` is a plain `gc()`; `last-resort` also gives back pages that hold nothing any more. */
export type Collection = 'regular' | 'last-resort'

/** What a server process is told. */
export type ServerCommand =
  | { readonly type: 'measure_memory'; readonly flavor: Collection }
  | ({ readonly type: 'publish' } & PublishPlan)
  /** Every reader has received so many events since it connected. */
  | { readonly type: 'acknowledge'; readonly received: number }
  /** What the bare route answers from now on. */
  | { readonly type: 'answer_with'; readonly body: unknown }

/** What a server process says. */
export type ServerReport =
  | { readonly type: 'listening'; readonly port: number; readonly streamPath: string }
  | ({ readonly type: 'memory' } & Memory)
  | ({ readonly type: 'published' } & Published)
  | { readonly type: 'answer_set' }

/** Bytes. */
export interface Memory {
  readonly rss: number
  readonly heap: number
}

/** A run of a publisher, from its first event until every reader had its last. */
export interface Published {
  readonly events: number
  readonly ms: number
  /** Of the server process. */
  readonly cpuMicros: number
  /** Events and their last id since the readers connected. */
  readonly total: number
  readonly lastId: number
}

/** What a process of readers is told. */
export type ReaderCommand =
  | {
      readonly type: 'connect'
      readonly port: number
      readonly path: string
      readonly count: number
    }
  | { readonly type: 'check' }

/** What a process of readers says. */
export type ReaderReport =
  | { readonly type: 'connected' }
  | { readonly type: 'received'; readonly count: number }
  | ({ readonly type: 'checked' } & ReaderCheck)

/** What the readers that are furthest behind and furthest ahead have received. */
export interface ReaderCheck {
  readonly open: number
  readonly leastEvents: number
  readonly mostEvents: number
  readonly leastId: number
  readonly mostId: number
}

/** What a process that sends requests is told. */
export type RequestCommand =
  | {
      readonly type: 'post'
      readonly port: number
      readonly path: string
      readonly body: unknown
      readonly count: number
      /** Connections that send at the same time; one request each. */
      readonly connections: number
    }
  | { readonly type: 'turns'; readonly port: number; readonly count: number }

/** What a process that sends requests says. Latencies are in milliseconds. */
export type RequestReport =
  | { readonly type: 'ready' }
  | { readonly type: 'posted'; readonly latencies: readonly number[]; readonly answer: unknown }
  | { readonly type: 'turned'; readonly latencies: readonly number[] }

export type Report = ServerReport | ReaderReport | RequestReport

// Both ends of every channel are of this folder: that it is a message is all there is to check.
export const isServerCommand = (value: unknown): value is ServerCommand => hasType(value)
export const isServerReport = (value: unknown): value is ServerReport => hasType(value)
export const isReaderCommand = (value: unknown): value is ReaderCommand => hasType(value)
export const isReaderReport = (value: unknown): value is ReaderReport => hasType(value)
export const isRequestCommand = (value: unknown): value is RequestCommand => hasType(value)
export const isRequestReport = (value: unknown): value is RequestReport => hasType(value)

function hasType(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'type' in value
}
