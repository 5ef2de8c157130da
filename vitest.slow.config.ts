import { defineConfig } from 'vitest/config';

import { slow } from './vitest.config.ts';

export default defineConfig({
  test: {
    include: slow.map((pattern) => (pattern.endsWith('**') ? `${pattern}/*.test.ts` : pattern)),
    globalSetup: ['tests/slow-setup.ts'],
    testTimeout: 120_000,
    maxWorkers: 2,
    reporters: process.env['CI'] === undefined ? ['default'] : ['dot', 'json'],
    outputFile: { json: '.plumbline/tests.json' },
  },
});
