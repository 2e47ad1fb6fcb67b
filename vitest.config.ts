import { defineConfig } from 'vitest/config';

/** Shared by every package: `vitest run --root . --config ../../vitest.config.ts`. */
export default defineConfig({
  test: {
    include: ['**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/dist/**'],
    reporters: ['default', 'json'],
    outputFile: { json: 'test-results/vitest.json' },
    testTimeout: 30_000,
    passWithNoTests: false,
  },
});
