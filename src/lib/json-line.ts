/** JSON with an end of line, as terminals like it. */
export function jsonLine(value: unknown): string {
  return `${JSON.stringify(value)}\n`
}
