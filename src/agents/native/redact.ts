const maxInput = 4096
const maxShown = 500
const keyLike = /\bsk-[\w*.-]+/g

/** Makes a server's text fit to be shown: one line of at most 500 characters, without the key. */
export function createRedact(apiKey: string): (text: string) => string {
  return (text) => {
    const known = apiKey === '' ? text : text.replaceAll(apiKey, '[key]')
    // Redacted before it is cut: a cut key would not be found any more.
    const line = known
      .replaceAll(keyLike, '[key]')
      .slice(0, maxInput)
      .replaceAll(/\s+/g, ' ')
      .trim()
    return line.length > maxShown ? `${line.slice(0, maxShown)}…` : line
  }
}
