/** The examples: each is right, and each has a planted fault of one line that is found. Triton's needs a GPU and runs there; the others run here. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, realpathSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { startingPython, startingWorkflow } from '../../src/cli/starting-files.ts';
import { pythonWith } from '../python.ts';
import { folderWith, plumbline } from './cli.ts';

const root = realpathSync(join(import.meta.dirname, '../..'));
const examples = join(root, 'examples');
const example = (name: string): string => readFileSync(join(examples, name), 'utf8');

/** What an example needs, how many claims hold of it at least, and a claim that its fault breaks. */
const table: readonly (readonly [name: string, modules: readonly string[], properties: string, holds: number, broken: string])[] = [
  ['numpy_mixing', ['numpy'], '*', 40, 'streams/orientation-witness'],
  ['torch_sinkhorn', ['torch'], '*', 60, 'gradient/vjp-parity'],
  // every shape is compiled anew: the claims that one call decides, and two that take several
  ['jax_sinkhorn', ['jax'], 'sinkhorn/reference-parity,sinkhorn/last-*,sinkhorn/positivity,gradient/vjp-parity,gradient/row-sums,robustness/determinism/*', 7, 'sinkhorn/reference-parity'],
];

async function statuses(name: string, modules: readonly string[], properties: string): Promise<{ code: number | null; results: Map<string, string> }> {
  const args = ['verify', join(examples, `${name}.py`), '--python', pythonWith(...modules), '--property', properties, '--runs', '2', '--seed', '1', '--call-timeout', '60s', '--reporter', 'json', '--output-file', '-'];
  const { code, stdout } = await plumbline(folderWith(), args);
  const { results } = JSON.parse(stdout) as { results: { property: string; status: string }[] };
  return { code, results: new Map(results.map(({ property, status }) => [property, status])) };
}

const count = (results: Map<string, string>, wanted: string): number => [...results.values()].filter((status) => status === wanted).length;

describe.each(table)('%s', (name, modules, properties, holds, broken) => {
  it('is right', { timeout: 300_000 }, async () => {
    const { code, results } = await statuses(name, modules, properties);
    expect([...results].filter(([, status]) => status !== 'passed' && status !== 'unsupported')).toEqual([]);
    expect(count(results, 'passed')).toBeGreaterThanOrEqual(holds);
    expect(code).toBe(0);
  });

  it('has a planted fault that is found', { timeout: 300_000 }, async () => {
    const { code, results } = await statuses(`${name}_wrong`, modules, properties);
    expect(results.get(broken)).toBe('failed');
    expect(code).toBe(1);
  });
});

it.each(['torch_sinkhorn', 'jax_sinkhorn', 'triton_sinkhorn'])('the fault of %s is in one place', (name) => {
  const code = (file: string): string[] => example(file).replaceAll(/"""[\s\S]*?"""/g, '').split('\n').map((line) => line.trim()).filter((line) => line !== '');
  const [right, wrong] = [code(`${name}.py`), code(`${name}_wrong.py`)];
  expect(wrong).toHaveLength(right.length);
  const changed = right.filter((line, i) => line !== wrong[i]);
  expect(changed.length).toBeGreaterThan(0);
  expect(changed.length).toBeLessThanOrEqual(2);
});

it('every example is Python that compiles, and has a wrong twin', () => {
  const files = readdirSync(examples).filter((file) => file.endsWith('.py'));
  expect(files.length).toBeGreaterThanOrEqual(8);
  for (const file of files.filter((name) => !name.endsWith('_wrong.py'))) expect(files).toContain(file.replace('.py', '_wrong.py'));
  execFileSync(pythonWith(), ['-c', 'import ast, sys\nfor path in sys.argv[1:]: ast.parse(open(path).read(), path)', ...files.map((file) => join(examples, file))]);
});

describe('github-actions.yml', () => {
  const workflow = example('github-actions.yml');

  it('is what init --ci writes', () => expect(workflow).toBe(startingWorkflow('kernels.py')));

  it('is YAML of the right form, and its commands run', { timeout: 300_000 }, () => {
    const python = pythonWith('yaml', 'numpy');
    const parsed = JSON.parse(execFileSync(python, ['-c', 'import json, sys, yaml; print(json.dumps(yaml.safe_load(sys.stdin.read()), default=str))'], { input: workflow, encoding: 'utf8' })) as {
      jobs: Record<string, { 'runs-on': string; steps: { uses?: string; run?: string; with?: Record<string, unknown> }[] }>;
    };
    const { steps } = parsed.jobs['plumbline']!;
    expect(steps.filter(({ uses, run }) => (uses === undefined) === (run === undefined))).toEqual([]);
    const commands = steps.flatMap(({ run }) => (run === undefined ? [] : [run]));
    // installing asks registries; what it puts in place stands here already
    expect(commands.filter((command) => /^(pip|npm) install/.test(command))).toEqual(['pip install numpy', 'npm install --no-save plumbline']);
    const own = commands.filter((command) => command.startsWith('npx plumbline'));
    expect(own).toHaveLength(1);
    const folder = folderWith({ 'kernels.py': startingPython, 'package.json': '{}' });
    mkdirSync(join(folder, 'node_modules/.bin'), { recursive: true });
    symlinkSync(root, join(folder, 'node_modules/plumbline'));
    symlinkSync(join(root, 'dist/src/cli/main.js'), join(folder, 'node_modules/.bin/plumbline'));
    execFileSync('chmod', ['+x', join(root, 'dist/src/cli/main.js')]);
    const env = { PATH: process.env['PATH'], HOME: folder, GITHUB_ACTIONS: 'true', CI: 'true', PLUMBLINE_PYTHON: python };
    execFileSync('sh', ['-c', own[0]!.replace('--effort standard', '--effort quick --runs 1')], { cwd: folder, env, encoding: 'utf8' });
    expect(readFileSync(join(folder, 'plumbline-junit.xml'), 'utf8')).toContain('<testsuite');
  });
});
