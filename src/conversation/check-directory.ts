import { stat } from 'node:fs/promises'
import { invalidField } from '../errors.ts'

/** Fails with `invalid_request` about `pointer` unless `path` is a directory. */
export async function checkDirectory(pointer: string, path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined)
  if (found === undefined) throw invalidField(pointer, 'the directory does not exist')
  if (!found.isDirectory()) throw invalidField(pointer, 'this is not a directory')
}
