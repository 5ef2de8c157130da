import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { findConfig, loadConfig } from '../../../src/config/load.ts';
import { checkConfig } from '../../../src/config/schema.ts';
import { PlumblineError } from '../../../src/errors.ts';
import type { PlumblineConfig } from '../../../src/config/config.ts';
import type { TargetDeclaration } from '../../../src/targets/kernel.ts';

const folder = mkdtempSync(join(tmpdir(), 'plumbline-config-'));

function file(name: string, text: string): string {
  const path = join(mkdtempSync(join(folder, 'case-')), name);
  writeFileSync(path, text);
  return path;
}

/** A target of functions. */
function targetOf(config: PlumblineConfig, name: string): TargetDeclaration {
  return config.targets![name] as TargetDeclaration;
}

const kernel = `{ arithmetic: 'ieee-f32', run: () => ({}) }`;

describe('what a file may export', () => {
  it.each([
    ['a configuration', 'plumbline.config.ts', `export default { targets: { mine: { kernels: { sinkhorn: ${kernel} } } }, effort: 'quick' as const };`, 'mine'],
    ['a target', 'my kernels.mts', `const kernels: object = { sinkhorn: ${kernel} }; export default { kernels };`, 'my-kernels'],
    ['kernels', 'fast.js', `export default { sinkhorn: ${kernel}, stack: ${kernel} };`, 'fast'],
    ['CommonJS', 'old.cjs', `module.exports = { sinkhorn: ${kernel} };`, 'old'],
    ['top-level await', 'later.mjs', `const run = await Promise.resolve(() => ({})); export default { sinkhorn: { arithmetic: 'ieee-f32', run } };`, 'later'],
  ])('%s', async (_, name, text, target) => {
    const config = await loadConfig(file(name, text));
    expect(Object.keys(config.targets!)).toEqual([target]);
    expect(typeof targetOf(config, target).kernels['sinkhorn']!.run).toBe('function');
  });

  it('a file beside which it imports another', async () => {
    const path = file('uses.ts', `import { run } from './other.ts'; export default { sinkhorn: { arithmetic: 'ieee-f32', run } };`);
    writeFileSync(join(path, '..', 'other.ts'), `export const run = (): object => ({ other: true as boolean });`);
    const run = targetOf(await loadConfig(path), 'uses').kernels['sinkhorn']!.run as () => unknown;
    expect(run()).toEqual({ other: true });
  });

  it('keeps a kernel that is an object with methods', async () => {
    const path = file('object.ts', `class K { arithmetic = 'ieee-f32'; found = 7; run = (): object => ({ found: this.found }); }
      const { arithmetic, run } = new K(); const kernels = { sinkhorn: { arithmetic, run } }; export default { kernels };`);
    const run = targetOf(await loadConfig(path), 'object').kernels['sinkhorn']!.run as () => unknown;
    expect(run()).toEqual({ found: 7 });
  });
});

describe('what is wrong with a file', () => {
  it.each([
    ['nothing there', join(folder, 'none.ts'), 'bad-usage', 'There is no file'],
    ['a folder', folder, 'bad-usage', 'There is no file'],
    ['another language', file('kernels.rb', ''), 'bad-usage', 'not a TypeScript, JavaScript or Python file'],
    ['it throws', file('a.ts', `throw new Error('no GPU today');`), 'bad-config', 'no GPU today'],
    ['it throws no error', file('a.ts', `throw 'text';`), 'bad-config', 'text'],
    ['its syntax', file('a.ts', `export default {`), 'bad-config', 'cannot be loaded'],
    ['an import that is missing', file('a.ts', `import './missing.ts';`), 'bad-config', 'missing'],
    ['no default export', file('a.ts', `export const targets = {};`), 'bad-config', 'no default export'],
    ['a default export that is a function', file('a.ts', `export default () => ({});`), 'bad-config', 'no default export'],
    ['a kernel under a wrong name', file('a.ts', `export default { sinkhron: ${kernel} };`), 'bad-config', "Did you mean 'sinkhorn'?"],
    ['a field that is close', file('a.ts', `export default { target: {} };`), 'bad-config', "Did you mean 'targets'?"],
  ])('%s', async (_, path, code, text) => {
    const error: unknown = await loadConfig(path).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(PlumblineError);
    expect(error).toMatchObject({ code, message: expect.stringContaining(text) as string });
  });
});

describe('what is wrong in a configuration', () => {
  const run = (): object => ({});
  const withKernel = (more: object): object => ({ targets: { mine: { kernels: { sinkhorn: { arithmetic: 'ieee-f32', run, ...more } } } } });
  it.each<[string, object, string, string]>([
    ['an unknown field', { efort: 'quick' }, 'bad-config', "c.ts has no field 'efort'.\n  Did you mean 'effort'?"],
    ['an unknown field of a target', { targets: { mine: { kernel: {}, kernels: { sinkhorn: { arithmetic: 'ieee-f32', run } } } } }, 'bad-config', "c.ts: targets.mine has no field 'kernel'.\n  Did you mean 'kernels'?"],
    ['an unknown field of a kernel', withKernel({ dialct: 'paper' }), 'bad-config', "c.ts: targets.mine.kernels.sinkhorn has no field 'dialct'.\n  Did you mean 'dialect'?"],
    ['an unknown operation', { targets: { mine: { kernels: { sinkhrn: { arithmetic: 'ieee-f32', run } } } } }, 'bad-config', "Did you mean 'sinkhorn'?"],
    ['an unknown dialect', withKernel({ dialect: 'tilekernel' }), 'bad-dialect', "Did you mean 'tilekernels'?"],
    ['an unknown dialect field', withKernel({ dialect: { iteration: 20 } }), 'bad-dialect', "Did you mean 'iterations'?"],
    ['a dialect that contradicts itself', withKernel({ dialect: { start: 'exp' } }), 'bad-dialect', 'epsilonInStart contradicts'],
    ['an unknown arithmetic', withKernel({ arithmetic: 'ieee-f23' }), 'bad-arithmetic', "c.ts: targets.mine.kernels.sinkhorn: There is no arithmetic preset 'ieee-f23'.\n  Did you mean 'ieee-f32'?"],
    ['no arithmetic', { targets: { mine: { kernels: { sinkhorn: { run } } } } }, 'bad-config', 'targets.mine.kernels.sinkhorn.arithmetic'],
    ['no run', { targets: { mine: { kernels: { sinkhorn: { arithmetic: 'ieee-f32' } } } } }, 'bad-config', 'targets.mine.kernels.sinkhorn.run: must be a function'],
    ['a dtype of a port that is none', withKernel({ dtypes: { logit: 'f32' } }), 'bad-config', "Did you mean 'logits'?"],
    ['streams out of range', withKernel({ streams: [4, 17] }), 'bad-config', 'from 1 to 16'],
    ['a target without kernels', { targets: { mine: { kernels: {} } } }, 'bad-config', 'has no kernels'],
    ['an open that is no function', { targets: { mine: { kernels: { sinkhorn: { arithmetic: 'ieee-f32', run } }, open: 'later' } } }, 'bad-config', 'targets.mine.open: must be a function'],
    ['a name with a comma', { targets: { 'a,b': { kernels: { sinkhorn: { arithmetic: 'ieee-f32', run } } } } }, 'bad-config', 'without spaces, commas'],
    ['an unknown effort', { effort: 'fast' }, 'bad-config', "c.ts: effort cannot be 'fast'."],
    ['an unknown reporter', { reporters: ['junt'] }, 'bad-config', "Did you mean 'junit'?"],
    ['a seed that is none', { seed: -1 }, 'bad-config', 'seed'],
    ['a time without a unit', { maxTime: '60' }, 'bad-config', "c.ts: maxTime: '60' is not a length of time."],
    ['a property that is none', { properties: [{ id: 'mine/a' }] }, 'bad-config', 'properties.0'],
  ])('%s', (_, config, code, text) => {
    expect(() => checkConfig(config, 'c.ts')).toThrow(expect.objectContaining({ code, message: expect.stringContaining(text) as string }));
  });

  it('nothing, and the very same object comes back', () => {
    const config = withKernel({ dialect: { preset: 'paper', iterations: 3 }, streams: [4], dtypes: { logits: 'bf16' } });
    expect(checkConfig(config, 'c.ts')).toBe(config);
    expect(checkConfig({}, 'c.ts')).toEqual({});
  });
});

it('finds the configuration of a folder, TypeScript first', () => {
  const dir = join(folder, 'found');
  mkdirSync(dir);
  expect(findConfig(dir)).toBeUndefined();
  writeFileSync(join(dir, 'plumbline.config.mjs'), '');
  expect(findConfig(dir)).toBe(join(dir, 'plumbline.config.mjs'));
  writeFileSync(join(dir, 'plumbline.config.ts'), '');
  expect(findConfig(dir)).toBe(join(dir, 'plumbline.config.ts'));
});
