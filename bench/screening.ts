/**
 * How many problems a second the device screens, for each thing that it looks for, from the first call (shaders compiled, nothing drawn) to the suspects' inputs in memory; and the same problems judged on the host.
 *   npm run bench-screening -- [problems = 1e9] [seconds = 60]
 */
import { properties } from '../properties/index.ts';
import { verify, webgpuTarget, type OperationId, type ScreenedFor } from '../src/index.ts';
import { machine } from './machine.ts';

const [problems, seconds] = [Number(process.argv[2] ?? 1e9), Number(process.argv[3] ?? 60)];
const target = webgpuTarget();
const said = await target.open();
if (said.status === 'unavailable') throw new Error(`${said.reason} ${said.remedy}`);
console.log(`# ${String(said.about?.['device'])}, ${String(said.about?.['driver'])}; ${machine()}`);
for (const [operation, seeks] of [['sinkhorn', 'line-sums'], ['sinkhorn', 'positivity'], ['sinkhorn', 'cross-ratios'], ['sinkhorn-vjp', 'gradient-sums']] as const satisfies readonly (readonly [OperationId, ScreenedFor])[]) {
  const started = performance.now();
  const screened = await target.kernels()[operation]!.screening!.run({ seeks, seed: 1, problems, maxTimeMs: 1000 * seconds, suspects: 64 });
  const ms = performance.now() - started;
  console.log(JSON.stringify({ operation, seeks, problems: screened.problems, ms: Math.round(ms), 'problems a second': Number(((1000 * screened.problems) / ms).toPrecision(4)), suspects: screened.suspects.length, most: screened.suspects[0]?.suspicion }));
}
await target.close();

const asked = properties.filter(({ screenedFor }) => screenedFor !== undefined);
const host = await verify({ targets: [webgpuTarget()], properties: asked, effort: 'standard', seed: 1 });
for (const { property, problems: judged, durationMs, status } of host.results) console.log(JSON.stringify({ property, status, judged, 'problems a second, judged on the host': Number(((1000 * judged) / durationMs).toPrecision(4)) }));
