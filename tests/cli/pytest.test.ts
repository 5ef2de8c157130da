/** `plumbline.pytest_cases`, as pytest runs it: one item for each property. */
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { describe, expect, it } from 'vitest';

import { pythonWith } from '../python.ts';
import { folderWith, plumbline } from './cli.ts';

const python = pythonWith('numpy', 'pytest');
const pythonFolder = resolve(import.meta.dirname, '../../python');
const testFile = `
import pytest
import plumbline_worker as plumbline

@pytest.mark.parametrize("case", plumbline.pytest_cases("kernels.py", seed=1, runs=2, operations=["sinkhorn"], properties=["sinkhorn/*"]))
def test_kernel(case):
    case.check()
`;

/** A folder with kernels and the test file. */
async function project(spoil: (text: string) => string = (text) => text): Promise<string> {
  const folder = folderWith({ 'test_kernels.py': testFile });
  await plumbline(folder, ['init', '--python']);
  const file = join(folder, 'kernels.py');
  writeFileSync(file, spoil(readFileSync(file, 'utf8')));
  return folder;
}

function pytest(folder: string, env: Readonly<Record<string, string>> = {}): Promise<{ code: number; output: string }> {
  return new Promise((done) => {
    execFile(python, ['-m', 'pytest', '-rs', '-v', '-p', 'no:cacheprovider'], { cwd: folder, env: { PATH: process.env['PATH'] ?? '', HOME: folder, PYTHONPATH: pythonFolder, COLUMNS: '300', ...env }, maxBuffer: 2 ** 26 }, (error, stdout, stderr) => {
      done({ code: typeof error?.code === 'number' ? error.code : 0, output: stdout + stderr });
    });
  });
}

describe('pytest_cases', () => {
  it('is one item for each property of a right kernel, skipped with the reason where it is not about it', async () => {
    const folder = await project((text) => text.replace('arithmetic="ieee-f32"', 'arithmetic="ieee-f32", streams=[4]'));
    const { code, output } = await pytest(folder);
    expect(output).toContain('test_kernels.py::test_kernel[sinkhorn/column-shift] PASSED');
    expect(output).toMatch(/SKIPPED \[1\] .*: the claim is about n = 2, the kernel supports n = 4/);
    expect(output).toMatch(/=+ \d\d passed, \d+ skipped/);
    expect(code).toBe(0);
  });

  it('fails with the window, the margin and a replay line that works', async () => {
    const folder = await project((text) => text.replace('range(19)', 'range(18)'));
    const { code, output } = await pytest(folder);
    expect(code).toBe(1);
    expect(output).toContain('test_kernels.py::test_kernel[sinkhorn/reference-parity] FAILED');
    expect(output).toMatch(/AssertionError: sinkhorn\/reference-parity on kernels: failed/);
    expect(output).toMatch(/bound {5}\S+ {2}margin \d+/);
    expect(output).toMatch(/residualMapping f32 \[1, 2, 2\], token 0, column \d/);
    const line = /replay {4}node \S+ (replay \S*kernels-sinkhorn-reference-parity\S+ .*)/.exec(output)![1]!;
    expect((await plumbline(folder, line.split(' '))).code).toBe(1);
  });

  it('a kernel file that cannot run is an item that fails with the reason', async () => {
    const { code, output } = await pytest(await project(() => 'import no_such_module\n'));
    expect(output).toContain('test_kernel[can-run] FAILED');
    expect(output).toContain("No module named 'no_such_module'");
    expect(code).toBe(1);
  });

  it('says what to do where plumbline or the file is missing', async () => {
    const folder = await project();
    const other = await pytest(folder, { PLUMBLINE: `${process.execPath} ${join(folder, 'none.js')}` });
    expect(other.output).toMatch(/none\.js verify kernels\.py.*\n.*ended with 1 and no report/);
    writeFileSync(join(folder, 'test_kernels.py'), testFile.replace('"kernels.py"', '"kernel.py"'));
    const missing = await pytest(folder);
    expect(missing.output).toContain("There is no file 'kernel.py'");
    expect(missing.code).toBe(2);
    const apart = folderWith({ 'plumbline_worker.py': readFileSync(join(pythonFolder, 'plumbline_worker.py'), 'utf8'), 'test_kernels.py': testFile });
    const nowhere = await pytest(apart, { PYTHONPATH: apart, PATH: '' });
    expect(nowhere.output).toContain('plumbline is not here: install Node 20.19 or later, or set $PLUMBLINE to its command.');
  });
});
