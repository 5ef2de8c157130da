/** Speed of what plumbline itself spends time on, each against a plain alternative in the same run (tinybench, medians). One table: `npm run bench`. */
import { machine } from './machine.ts';
import { bounds } from './speed/bounds.ts';
import { generation } from './speed/generation.ts';
import { harness } from './speed/harness.ts';
import type { Figure } from './speed/medians.ts';
import { sinkhornReference } from './speed/reference.ts';
import { targets } from './speed/targets.ts';
import { worker } from './speed/worker.ts';

console.log(`# ${machine()}`);
const figures: Figure[] = [];
for (const measure of [sinkhornReference, targets, bounds, generation, harness, worker]) {
  process.stderr.write(`\r${measure.name.padEnd(20)}`);
  figures.push(...(await measure()));
}
process.stderr.write('\r');
console.table(Object.fromEntries(figures.map(({ figure, value, wanted }) => [figure, { value, wanted }])));
process.exit(0); // tfjs holds its backends open
