/**
 * Certificates a second: all quantities of one 4×4 output, and of one product over depth, on one core; and what issuing and checking a whole file takes. Processor time of this
 * process, so that other load counts little. `npm run certificates -- [matrices]`
 */
import { checkCertificate } from '../src/certify/checker/check.ts';
import { certifyOutputs } from '../src/certify/outputs/certify-outputs.ts';
import { CompositeMeasures, MatrixMeasures } from '../src/certify/outputs/measures.ts';
import { encodeSafetensors, operations, Random, sinkhornPresets, tensor } from '../src/index.ts';
import { machine } from './machine.ts';

const count = Number(process.argv[2] ?? 50_000);
const [n, rounds, layers] = [4, 5, 61];

console.log(`# ${machine()}; n = ${n}, T = 20 (tilekernels), stored as f32, one core`);

function outputs(matrices: number, scale: number): Float64Array {
  const random = new Random(1);
  const logits = Float64Array.from({ length: matrices * n * n }, () => Math.fround(scale * random.normal()));
  return operations.sinkhorn.reference({ logits }, { tokens: matrices, streams: n, channels: 1, depth: 1 }, sinkhornPresets['tilekernels']!)['residualMapping']!.map(Math.fround);
}

/** Seconds of the processor: the median of some rounds, after one that warms up. */
function seconds(run: () => void): number {
  const times: number[] = [];
  for (let round = 0; round <= rounds; round++) {
    const before = process.cpuUsage();
    run();
    const { user, system } = process.cpuUsage(before);
    if (round > 0) times.push((user + system) / 1e6);
  }
  return times.sort((a, b) => a - b)[Math.floor(rounds / 2)]!;
}

const rows: Record<string, object> = {};
for (const scale of [0.3, 1, 3, 10]) {
  const h = outputs(count, scale);
  const measures = new MatrixMeasures(n);
  let unbounded = 0;
  const time = seconds(() => {
    unbounded = 0;
    for (let k = 0; k < count; k++) {
      measures.measure(h, k * n * n);
      if (measures.values.includes(Infinity)) unbounded++;
    }
  });
  rows[`one output, logits of scale ${scale}`] = { 'certificates a second': Math.round(count / time), 'without a bound of the distance': unbounded };
}
const deep = outputs(layers * 500, 3);
const composite = new CompositeMeasures(n);
const deepTime = seconds(() => {
  for (let token = 0; token < 500; token++) composite.measure(deep, token * n * n, layers, 500 * n * n, false);
});
rows[`one product over ${layers} layers`] = { 'certificates a second': Math.round(500 / deepTime) };
console.table(rows);

const bytes = Buffer.from(encodeSafetensors({ residualMapping: tensor(deep, [layers, 500, n, n], 'f32') }));
const whole = { file: 'stack.safetensors', bytes, tensor: 'residualMapping', dtype: 'f32' as const, shape: [layers, 500, n, n], values: deep };
const before = performance.now();
const certificate = await certifyOutputs(whole, { orientation: 'plain', depth: true });
const issued = performance.now();
const checked = checkCertificate(JSON.stringify(certificate), [bytes]);
const ended = performance.now();
console.log(`${layers * 500} matrices of ${layers} layers: issued and confirmed in ${((issued - before) / 1000).toFixed(1)} s, checked again in ${((ended - issued) / 1000).toFixed(1)} s; ${checked.claims.filter(({ verdict }) => verdict === 'holds').length} of ${checked.claims.length} claims hold`);
