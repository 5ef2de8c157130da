/**
 * What an adapter's f32 functions do against WGSL's table: a table, then the record as JSON. `npm run wgsl-arithmetic -- [quick|software|thorough]`; thorough judges all 2³² operands of every function of one, and 2³² quotients, on the
 * device: seconds on a GPU, an hour on a software one.
 */
import { inSoftware, makeRecord, measuredUnits, quickly, tableOf, thoroughly } from '../src/kernels/webgpu/arithmetic/index.ts';
import { openDevice } from '../src/kernels/webgpu/index.ts';
import { machine } from './machine.ts';

const how = process.argv[2] ?? 'thorough';
const options = { quick: quickly, software: inSoftware, thorough: thoroughly }[how];
if (options === undefined) throw new Error(`'${how}' is none of quick, software and thorough.`);

const gpu = await openDevice();
console.log(`# ${gpu.about.device}, ${gpu.about.driver}; ${machine()}; ${how}`);
const started = performance.now();
let [last, since] = ['', started];
const record = await makeRecord(gpu, {
  ...options,
  onProgress(what) {
    if (what === last) return;
    if (last !== '') console.error(`${last}: ${((performance.now() - since) / 1e3).toFixed(1)} s`);
    [last, since] = [what, performance.now()];
  },
});
console.log(`# ${((performance.now() - started) / 1e3).toFixed(1)} s`);
for (const line of tableOf(record)) console.log(line);
console.log(JSON.stringify({ units: measuredUnits(record.functions) }));
console.log(JSON.stringify(record));
gpu.close();
