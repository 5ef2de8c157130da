/**
 * What one more dispatch costs: the same small kernel run once and so many times more, on the device's clock in one pass, and on the host's clock from the call to the answer.
 *   npm run bench-dispatch -- [samples = 200] [more = 50]
 */
import { openDevice, prepareOnDevice, webgpuKernels } from '../src/kernels/webgpu/index.ts';
import { makeResident } from '../src/kernels/webgpu/resident.ts';
import { machine } from './machine.ts';

const [samples, more] = [Number(process.argv[2] ?? 200), Number(process.argv[3] ?? 50)];
const sizes = { tokens: 64, streams: 4, channels: 8, depth: 1 };
const gpu = await openDevice();
console.log(`# ${gpu.about.device}, ${gpu.about.driver}; ${machine()}; ${samples} samples`);
const kernel = webgpuKernels()['stream-read']!;
const plan = kernel.plan(sizes);
const inputs = Object.fromEntries(Object.entries(plan.buffers).filter(([, { role }]) => role === 'input').map(([name, { elements }]) => [name, { dtype: 'f32' as const, shape: [elements * sizes.tokens], data: new Float32Array(elements * sizes.tokens) }]));
const middle = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;

const prepared = await prepareOnDevice(gpu, kernel.plan, inputs, sizes);
const onDevice: number[][] = [[], []];
for (let sample = 0; sample < samples; sample++) for (const [k, calls] of [1, 1 + more].entries()) onDevice[k]!.push((await prepared.sample({ calls, cache: 'warm' })).durationMs);
prepared.release();

const resident = await makeResident(gpu, plan);
const onHost: number[][] = [[], []];
for (let sample = 0; sample < samples; sample++) {
  for (const [k, calls] of [1, 1 + more].entries()) {
    const started = performance.now();
    const encoder = gpu.device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    for (let call = 0; call < calls; call++) resident.encode(pass);
    pass.end();
    gpu.device.queue.submit([encoder.finish()]);
    await gpu.device.queue.onSubmittedWorkDone();
    onHost[k]!.push(performance.now() - started);
  }
}
resident.release();
for (const [clock, [once, often]] of [['device', onDevice], ['host', onHost]] as const) console.log(JSON.stringify({ clock, 'one dispatch, µs': Number((1000 * middle(once!)).toFixed(2)), 'one more, µs': Number(((1000 * (middle(often!) - middle(once!))) / more).toFixed(2)) }));
gpu.close();
