/** Python files as workers: the interpreter, and where the module that they import lies. */
import { existsSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { WorkerOptions } from './client.ts';

/** The folder with plumbline_worker.py: beside the package's package.json, whether this runs from src/ or from dist/. */
export function pythonFolder(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'python', 'plumbline_worker.py'))) {
    const parent = dirname(folder);
    if (parent === folder) throw new Error('plumbline_worker.py is not where the package has it');
    folder = parent;
  }
  return join(folder, 'python');
}

/** How a file of kernels is run. The interpreter is `python`, else $PLUMBLINE_PYTHON, else python3: that of the active virtual environment. */
export function pythonWorker(path: string, python?: string, environment: Readonly<Record<string, string | undefined>> = process.env): WorkerOptions {
  const paths = [pythonFolder(), environment['PYTHONPATH'] ?? ''].filter((part) => part !== '');
  return {
    command: [python ?? environment['PLUMBLINE_PYTHON'] ?? 'python3', '-m', 'plumbline_worker', path],
    env: { PYTHONPATH: paths.join(delimiter), PYTHONUNBUFFERED: '1' },
  };
}
