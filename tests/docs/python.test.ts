/** The docstring of `plumbline.kernel` says what every operation takes and returns, with shapes. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { operations } from '../../src/operations/index.ts';
import { pythonWith } from '../python.ts';

const letters: Readonly<Record<string, string>> = {
  tokens: 'B', streams: 'n', channels: 'C', depth: 'D', width: 'nC', coefficients: 'n²+2n', mappings: '3', one: '1', permutations: 'n!', factors: 'log2 n',
};
const longest = Math.max(...Object.keys(operations).filter((id) => !id.endsWith('-vjp')).map((id) => id.length));
const snake = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
const docstring = execFileSync(pythonWith(), ['-c', 'import plumbline_worker; print(plumbline_worker.kernel.__doc__)'], { encoding: 'utf8', env: { ...process.env, PYTHONPATH: join(import.meta.dirname, '../../python') } });

test.each(Object.values(operations).filter(({ id }) => !id.endsWith('-vjp')))('$id', ({ id, inputs, outputs }) => {
  const described = (ports: typeof inputs): string => ports.map(({ name, dims }) => `${snake(name)} [${dims.map((dim) => letters[dim]).join(',')}]`).join(', ');
  expect(docstring).toContain(`${id.padEnd(longest)}  ${described(inputs)} → ${described(outputs)}`);
});
