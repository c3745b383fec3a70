import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    setupFiles: ['test/support/require-node-24.ts'],
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
})
