/**
 * Stability over depth: every figure of every design in every setting at 1 … 122 sublayers against integers (depth-truth.ts), how far bounds are above what is reached, and how long it
 * takes. `npm run depth`; a seed as the first argument.
 */
import { moreMethods } from '../src/certify/checker/all.ts';
import { checkCertificate } from '../src/certify/checker/check.ts';
import { certifyDepth } from '../src/certify/depth/certify-depth.ts';
import { chainOf } from '../src/certify/depth/chain.ts';
import { referenceKernel } from '../src/certify/depth/kernels.ts';
import { depthMeasures, measureDepth } from '../src/certify/depth/measures.ts';
import { designs } from '../src/compare/designs.ts';
import { settingNamed } from '../src/compare/inputs.ts';
import { exactProducts, wrong } from './depth-truth.ts';
import { machine } from './machine.ts';

const seed = Number(process.argv[2] ?? 1);
const [layers, streams] = [122, 4];
const settings = ['independent', 'repeated', 'ar1', 'orbit'].map(settingNamed);
const distribution = { gate: 0.3, spread: 60, seed };
const common = { layers, streams, distribution, callTimeoutMs: 60_000 };

const began = process.cpuUsage();
const end = await certifyDepth({
  target: 'reference', kernels: designs.map(referenceKernel), files: [], settings, distribution, depths: Array.from({ length: layers }, (_, k) => k + 1), shown: [layers], tokens: 16, streams,
  file: 'depth.safetensors', callTimeoutMs: 60_000, stopped: () => false, onProgress: () => undefined,
});
const issued = process.cpuUsage(began);
const before = process.cpuUsage();
const checked = checkCertificate(JSON.stringify(end!.certificate), [end!.bytes], moreMethods);
const checking = process.cpuUsage(before);
const seconds = ({ user, system }: NodeJS.CpuUsage): string => ((user + system) / 1e6).toFixed(1);
process.stdout.write(`# ${machine()}\n`);
process.stdout.write(`${designs.length} designs × ${settings.length} settings × ${layers} sublayers × 16 tokens: ${end!.certificate.claims.length} claims issued in ${seconds(issued)} s, checked in ${seconds(checking)} s (processor time of one core)\n`);
process.stdout.write(`confirmed: ${checked.claims.filter(({ verdict }) => verdict === 'holds').length}\n`);

let checks = 0;
let above = 0;
let looseNorms = 0;
const found: string[] = [];
for (const setting of settings) {
  for (const design of designs) {
    const tokens = 2;
    const { mappings, n } = (await chainOf(referenceKernel(design), { ...common, setting, tokens }))!;
    const shape = { layers, tokens, n, transposed: design.transposed };
    const { figures } = measureDepth(mappings, shape, [])!;
    exactProducts(mappings, shape).forEach((products, k) => {
      const one = figures[k]!;
      checks += depthMeasures.length;
      found.push(...wrong(products, one).map((measure) => `${setting.name}/${design.name}, depth ${k + 1}: ${measure}`));
      above = Math.max(above, Math.max(one['forward-gain'], one['backward-gain']) / one['gain-reached'] - 1);
      const tighter = wrong(products, { ...one, 'two-norm': one['two-norm'] / 1.001, 'mean-free-norm': one['mean-free-norm'] / 1.001, 'second-singular-value': one['second-singular-value'] / 1.001 });
      if (n > 1) looseNorms += 3 - tighter.filter((measure) => measure === 'two-norm' || measure === 'mean-free-norm' || measure === 'second-singular-value').length;
    });
  }
}
process.stdout.write(`${checks} figures against integers: ${found.length} on the wrong side of the truth\n${found.slice(0, 20).map((line) => `  ${line}\n`).join('')}`);
process.stdout.write(`gains at most ${above.toExponential(1)} above what is reached; ${looseNorms} norms more than 0.1 % above the truth\n`);
process.exitCode = found.length > 0 ? 1 : 0;
