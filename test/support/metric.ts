/** One number of /metrics, by its name and labels as they stand there. */
export async function metricOf(serverUrl: string, name: string): Promise<number> {
  const answer = await fetch(`${serverUrl}/metrics`)
  const lines = (await answer.text()).split('\n')
  const line = lines.find((one) => one.startsWith(`${name} `))
  if (line === undefined) throw new Error(`there is no metric ${name}`)
  return Number(line.slice(name.length + 1))
}
