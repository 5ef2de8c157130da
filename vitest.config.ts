import { configDefaults, defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** What takes minutes, other languages (Python with frameworks, Rust, WGSL) or a browser: `npm run test:slow`, `.ci/slow`. */
export const slow = [
  'tests/cli/{autograd,conform,examples,pytest,vitest,worker,dump,init,wgsl,merge,shard-examples}.test.ts',
  'tests/browser/*.test.ts',
  'tests/docs/{first-verdict,python}.test.ts',
  'tests/unit/identify/{random,presets,explain}.test.ts',
  'tests/unit/kernels/legitimate-layers.test.ts',
  'tests/unit/kernels/webgpu/*.test.ts',
  'tests/unit/operations/{sinkhorn-variants,exact-sinkhorn,exact-layers}.test.ts',
  'tests/unit/properties/variants.test.ts',
];

/** What takes minutes begins first: by their sizes, these small files would be the last, and one core would wait. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const long = ({ moduleId }: TestSpecification): boolean => /\/unit\/kernels\/legitimate|\/tests\/detection\//.test(moduleId);
    return [...sorted.filter(long), ...sorted.filter((file) => !long(file))];
  }
}

export default defineConfig({
  test: {
    include: ['tests/**/*.test.ts'],
    exclude: [...configDefaults.exclude, ...slow],
    testTimeout: 60_000,
    // both cores, but heavy files one by one within a core
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
    reporters: process.env['CI'] === undefined ? ['default'] : ['dot', 'json'],
    outputFile: { json: '.plumbline/tests.json' },
  },
});
