/** A function on a device, at operands that are given: bits go there and come back, so that nothing but the function itself touches the numbers. */
import { bind, dispatch, readBack, submit } from '../compute.ts';
import type { GpuDevice } from '../device.ts';
import { guarded } from '../resident.ts';
import { measuredFunctions, type MeasuredName } from './functions.ts';

const workgroup = 64;

function shaderOf(name: MeasuredName): string {
  const { operands, wgsl } = measuredFunctions[name];
  const loads = ['a', 'b', 'c'].slice(0, operands).map((operand, k) => `let ${operand} = bitcast<f32>(operands[at${k === 0 ? '' : ` + ${k}u * count`}]);`);
  return /* wgsl */ `
@group(0) @binding(0) var<storage, read> operands: array<u32>;
@group(0) @binding(1) var<storage, read_write> results: array<u32>;
@compute @workgroup_size(${workgroup})
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) grid: vec3u) {
  let at = id.x + id.y * grid.x * ${workgroup}u;
  let count = arrayLength(&results);
  if (at >= count) { return; }
  ${loads.join(' ')}
  results[at] = bitcast<u32>(${wgsl});
}`;
}

/** Bits of f(operands). Throws a `GpuFault`. */
export async function evaluate(gpu: GpuDevice, name: MeasuredName, operands: readonly Uint32Array[]): Promise<Uint32Array> {
  const { device } = gpu;
  const count = operands[0]!.length;
  const pipeline = await gpu.pipeline(shaderOf(name), `arithmetic ${name}`);
  const check = guarded(gpu);
  const given = device.createBuffer({ size: 4 * count * operands.length, usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST });
  const made = device.createBuffer({ size: 4 * count, usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC });
  try {
    operands.forEach((words, k) => device.queue.writeBuffer(given, 4 * count * k, words));
    const bound = bind(gpu, pipeline, [given, made]);
    submit(gpu, (pass) => dispatch(gpu, pass, bound, Math.ceil(count / workgroup)));
    await check();
    return new Uint32Array(await readBack(gpu, made, 4 * count));
  } finally {
    for (const buffer of [given, made]) buffer.destroy();
  }
}
