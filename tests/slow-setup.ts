/** Before `npm run test:slow`: installs the Python, the software GPU and the browser that some tests use, so that a fresh clone needs no other command. Where that fails, those tests fail and say what they miss. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

export default function setup(): void {
  if (process.env['npm_lifecycle_event'] !== 'test:slow') return;
  for (const script of ['python', 'gpu', 'browser']) spawnSync(join(import.meta.dirname, '../.ci', script), { stdio: 'inherit' });
}
