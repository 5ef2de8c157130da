/** The Python of the tests: what `.ci/python` installed, or what the machine has. A test that needs more fails with the remedy; it never skips. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const candidates = [process.env['PLUMBLINE_PYTHON'], join(root, '.plumbline/python/bin/python'), '/usr/bin/python3', 'python3'];
const found = new Map<string, string>();

/** The first interpreter that has all of these modules. */
export function pythonWith(...modules: readonly string[]): string {
  const key = modules.join(' ');
  const known = found.get(key) ?? candidates.find((python) => python !== undefined && (!python.includes('/') || existsSync(python)) && imports(python, modules));
  if (known === undefined) throw new Error(`no Python here has ${key}: run .ci/python, or set PLUMBLINE_PYTHON to one that has`);
  found.set(key, known);
  return known;
}

function imports(python: string, modules: readonly string[]): boolean {
  try {
    execFileSync(python, ['-c', modules.map((name) => `import ${name}`).join('\n')], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
