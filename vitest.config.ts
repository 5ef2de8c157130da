import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['tests/**/*.test.ts'],
    globalSetup: ['tests/python-setup.ts'],
    testTimeout: 60_000,
    // both cores, but heavy files one by one within a core
    maxWorkers: 2,
    reporters: process.env['CI'] === undefined ? ['default'] : ['dot', 'json'],
    outputFile: { json: '.plumbline/tests.json' },
  },
});
