/** A run on an older Node is not a pass: npm scripts bring Node 24, a bare `vitest` does not. */
const major = Number(process.versions.node.split('.')[0])
if (major < 24) {
  throw new Error(`Tests need Node 24 or later, this is ${process.version}. Use "npm test".`)
}
