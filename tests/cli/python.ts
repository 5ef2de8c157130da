/** The Python that the tests run workers with: by its own path, because the command line is tested with another HOME. */
import { execFileSync } from 'node:child_process';

export const python = interpreter();

/** For the environment of the command line. */
export const withPython = { PLUMBLINE_PYTHON: python };

function interpreter(): string {
  try {
    return execFileSync(process.env['PLUMBLINE_PYTHON'] ?? 'python3', ['-c', 'import sys; print(sys.executable)'], { encoding: 'utf8' }).trim();
  } catch (error) {
    throw new Error('The tests need Python 3.9 or later as python3 or $PLUMBLINE_PYTHON.', { cause: error });
  }
}
