/** An answer whose body is JSON. */
export interface JsonAnswer {
  readonly status: number
  readonly headers: Headers
  // Tests compare whole bodies; what shape they have is what they test.
  readonly body: any // oxlint-disable-line typescript/no-explicit-any
}

/** Sends a JSON body (or none) and reads a JSON answer (or none). */
export async function send(
  method: string,
  url: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<JsonAnswer> {
  const content = body === undefined ? {} : { 'content-type': 'application/json' }
  const response = await fetch(url, {
    method,
    headers: { ...content, ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  const parsed: unknown = text === '' ? undefined : JSON.parse(text)
  return { status: response.status, headers: response.headers, body: parsed }
}

export const get = (url: string, headers: Record<string, string> = {}): Promise<JsonAnswer> =>
  send('GET', url, undefined, { accept: 'application/json', ...headers })

export const post = (
  url: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<JsonAnswer> => send('POST', url, body, headers)

/** Creates a conversation and returns its URL. */
export async function createConversation(serverUrl: string, body: object = {}): Promise<string> {
  const answer = await post(`${serverUrl}/conversations`, body)
  if (answer.status !== 201) throw new Error(`create: ${JSON.stringify(answer.body)}`)
  return `${serverUrl}/conversations/${answer.body.conversation_id}`
}

export const say = (text: string, more: object = {}): object => ({
  type: 'user_input',
  text,
  ...more,
})
