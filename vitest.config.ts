import { configDefaults, defineConfig } from 'vitest/config';

/** What takes minutes, other languages (Python with frameworks, Rust, WGSL) or a browser: `npm run test:slow`, `.ci/slow`. */
export const slow = [
  'tests/cli/{autograd,conform,examples,pytest,vitest,worker,dump,init,wgsl}.test.ts',
  'tests/browser/*.test.ts',
  'tests/docs/{first-verdict,python}.test.ts',
  'tests/unit/identify/{random,presets}.test.ts',
  'tests/unit/operations/sinkhorn-variants.test.ts',
];

export default defineConfig({
  test: {
    include: ['tests/**/*.test.ts'],
    exclude: [...configDefaults.exclude, ...slow],
    testTimeout: 60_000,
    // both cores, but heavy files one by one within a core
    maxWorkers: 2,
    reporters: process.env['CI'] === undefined ? ['default'] : ['dot', 'json'],
    outputFile: { json: '.plumbline/tests.json' },
  },
});
