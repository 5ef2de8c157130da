/**
 * Sinkhorn in WGSL, forward and backward, one invocation per matrix, run by Dawn in Node: plumbline verify examples/wgsl_sinkhorn.ts
 *
 * Needs npm install --no-save webgpu@0.6.2, and a GPU with a Vulkan driver or Mesa's software one (.ci/gpu installs both). The backward shader walks the matrices that
 * it saved before every half-step.
 *
 * Arithmetic: the accuracy table of the WGSL specification, which also lets a compiler assume that there is no NaN; `wgsl-f32` stands for both.
 */
import { defineConfig, type Availability, type KernelPrepare, type KernelRun, type TargetDeclaration } from 'plumbline';

import { prepareDispatch, unrounded } from './wgsl_timing.ts';

const iterations = 20;
const epsilon = 1e-6;
const workgroup = 64;

export const sinkhornShader = (n: number): string => /* wgsl */ `
const n = ${n}u;
const half_steps = ${2 * iterations - 1}u; // columns first and last
const epsilon = ${epsilon}f;

@group(0) @binding(0) var<storage, read> logits: array<f32>; // [tokens, n, n], as all others but the last
@group(0) @binding(1) var<storage, read_write> result: array<f32>;
@group(0) @binding(2) var<storage, read> cotangent: array<f32>;
@group(0) @binding(3) var<storage, read_write> history: array<f32>; // [half_steps + 1, tokens, n, n]

var<private> x: array<f32, n * n>;
var<private> g: array<f32, n * n>;

fn sum(first: u32, stride: u32) -> f32 {
  var total = 0.0;
  for (var k = 0u; k < n; k++) {
    total += x[first + k * stride];
  }
  return total;
}

fn softmax_of_rows(at: u32) {
  for (var row = 0u; row < n * n; row += n) {
    var largest = logits[at + row];
    for (var k = 1u; k < n; k++) { largest = max(largest, logits[at + row + k]); }
    for (var k = 0u; k < n; k++) { x[row + k] = exp(logits[at + row + k] - largest); }
    let total = sum(row, 1u);
    for (var k = 0u; k < n; k++) { x[row + k] /= total; }
  }
}

// how far apart the first entries of two lines are, and two entries of one line
fn line_stride(step: u32) -> u32 { return select(1u, n, step % 2u == 1u); }
fn entry_stride(step: u32) -> u32 { return select(n, 1u, step % 2u == 1u); }

fn half_step(step: u32) {
  for (var l = 0u; l < n; l++) {
    let first = l * line_stride(step);
    let divisor = sum(first, entry_stride(step)) + epsilon;
    for (var k = 0u; k < n; k++) { x[first + k * entry_stride(step)] /= divisor; }
  }
}

// g: from the cotangent of y = x / (sum of x + epsilon) to that of x
fn half_step_back(step: u32) {
  for (var l = 0u; l < n; l++) {
    let first = l * line_stride(step);
    let divisor = sum(first, entry_stride(step)) + epsilon;
    var weighted = 0.0;
    for (var k = 0u; k < n; k++) {
      let e = first + k * entry_stride(step);
      weighted += g[e] * (x[e] / divisor);
    }
    for (var k = 0u; k < n; k++) {
      let e = first + k * entry_stride(step);
      g[e] = (g[e] - weighted) / divisor;
    }
  }
}

fn save(slot: u32, at: u32) { for (var e = 0u; e < n * n; e++) { history[slot * arrayLength(&logits) + at + e] = x[e]; } }
fn load(slot: u32, at: u32) { for (var e = 0u; e < n * n; e++) { x[e] = history[slot * arrayLength(&logits) + at + e]; } }

@compute @workgroup_size(${workgroup})
fn forward(@builtin(global_invocation_id) id: vec3u) {
  let at = id.x * n * n;
  if (at >= arrayLength(&logits)) { return; }
  softmax_of_rows(at);
  for (var e = 0u; e < n * n; e++) { x[e] += epsilon; }
  for (var step = 0u; step < half_steps; step++) { half_step(step); }
  for (var e = 0u; e < n * n; e++) { result[at + e] = x[e]; }
}

@compute @workgroup_size(${workgroup})
fn backward(@builtin(global_invocation_id) id: vec3u) {
  let at = id.x * n * n;
  if (at >= arrayLength(&logits)) { return; }
  softmax_of_rows(at);
  save(half_steps, at);
  for (var e = 0u; e < n * n; e++) { x[e] += epsilon; }
  for (var step = 0u; step < half_steps; step++) {
    save(step, at);
    half_step(step);
  }
  for (var e = 0u; e < n * n; e++) { g[e] = cotangent[at + e]; }
  for (var step = half_steps; step > 0u; step--) {
    load(step - 1u, at);
    half_step_back(step - 1u);
  }
  load(half_steps, at);
  for (var row = 0u; row < n * n; row += n) {
    var weighted = 0.0;
    for (var k = 0u; k < n; k++) { weighted += g[row + k] * x[row + k]; }
    for (var k = 0u; k < n; k++) { result[at + row + k] = x[row + k] * (g[row + k] - weighted); }
  }
}
`;

/** A target whose kernels are the entry points `forward` and `backward` of a shader that is written for each n. */
export function wgslTarget(shader: (n: number) => string): TargetDeclaration {
  let device: GPUDevice;
  const pipelines = new Map<string, GPUComputePipeline>();

  async function open(): Promise<Availability> {
    const dawn = await import('webgpu').catch((error: Error) => error);
    if (dawn instanceof Error) return { status: 'unavailable', reason: `Dawn cannot be loaded: ${dawn.message.split('\n')[0]}.`, remedy: 'Run: npm install --no-save webgpu@0.6.2' };
    const scope = Object.assign(globalThis, dawn.globals) as { gpu?: GPU };
    scope.gpu ??= dawn.create([unrounded]); // held for ever: Dawn crashes when this object is collected
    const adapter = await scope.gpu.requestAdapter();
    if (adapter === null) {
      const remedy = 'Install a Vulkan driver: that of the GPU, or Mesa 24 or later for a software one (Debian 12: mesa-vulkan-drivers and libvulkan1 from bookworm-backports, as .ci/gpu does).';
      return { status: 'unavailable', reason: 'Dawn finds no GPU.', remedy };
    }
    const { maxBufferSize, maxStorageBufferBindingSize } = adapter.limits; // without asking, a device has the smallest
    const requiredFeatures: GPUFeatureName[] = adapter.features.has('timestamp-query') ? ['timestamp-query'] : []; // for plumbline bench
    device = await adapter.requestDevice({ requiredFeatures, requiredLimits: { maxBufferSize, maxStorageBufferBindingSize } });
    const { vendor, architecture, description } = (adapter as unknown as { info: Record<'vendor' | 'architecture' | 'description', string> }).info;
    return { status: 'available', about: { vendor, architecture, device: description } };
  }

  async function pipelineOf(entryPoint: string, n: number): Promise<GPUComputePipeline> {
    const key = `${entryPoint} ${n}`;
    const module = (): GPUShaderModule => device.createShaderModule({ code: shader(n) });
    const pipeline = pipelines.get(key) ?? (await device.createComputePipelineAsync({ layout: 'auto', compute: { module: module(), entryPoint } }));
    pipelines.set(key, pipeline);
    return pipeline;
  }

  /** Runs an entry point on all tokens. `bindings` are what the buffers hold, or, of those that the shader writes, how many elements; the result is in the second. */
  async function dispatch(entryPoint: string, n: number, tokens: number, bindings: readonly (Float32Array | number)[]): Promise<Float32Array> {
    if (tokens === 0) return new Float32Array(0); // WebGPU binds no empty buffer
    const pipeline = await pipelineOf(entryPoint, n);
    device.pushErrorScope('out-of-memory');
    device.pushErrorScope('validation'); // WebGPU throws for neither
    const buffers = bindings.map((content) => {
      const buffer = device.createBuffer({ size: 4 * (typeof content === 'number' ? content : content.length), usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST });
      if (typeof content !== 'number') device.queue.writeBuffer(buffer, 0, content);
      return buffer;
    });
    const result = buffers[1]!;
    const readable = device.createBuffer({ size: result.size, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
    try {
      const encoder = device.createCommandEncoder();
      const pass = encoder.beginComputePass();
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries: buffers.map((buffer, binding) => ({ binding, resource: { buffer } })) }));
      pass.dispatchWorkgroups(Math.ceil(tokens / workgroup)); // up to 65,535 groups
      pass.end();
      encoder.copyBufferToBuffer(result, 0, readable, 0, result.size);
      device.queue.submit([encoder.finish()]);
      const [invalid, full] = [await device.popErrorScope(), await device.popErrorScope()];
      if (invalid !== null || full !== null) throw new Error((invalid ?? full)!.message);
      await readable.mapAsync(GPUMapMode.READ);
      return new Float32Array(readable.getMappedRange().slice(0));
    } finally {
      for (const buffer of [...buffers, readable]) buffer.destroy();
    }
  }

  const forward: KernelRun = async ({ logits }, { tokens, streams: n }) => {
    const data = logits!.data as Float32Array;
    return { residualMapping: await dispatch('forward', n, tokens, [data, data.length]) };
  };
  const backward: KernelRun = async ({ logits, cotangent }, { tokens, streams: n }) => {
    const data = logits!.data as Float32Array;
    return { logitsGradient: await dispatch('backward', n, tokens, [data, data.length, cotangent!.data as Float32Array, 2 * iterations * data.length]) };
  };
  /** For plumbline bench: the same dispatch, with its inputs on the device. */
  const prepareForward: KernelPrepare = async ({ logits }, { tokens, streams: n }) => {
    const data = logits!.data as Float32Array;
    return prepareDispatch(device, { pipeline: await pipelineOf('forward', n), bindings: [data, data.length], output: { binding: 1, name: 'residualMapping' }, groups: Math.ceil(tokens / workgroup), source: shader(n) });
  };
  const prepareBackward: KernelPrepare = async ({ logits, cotangent }, { tokens, streams: n }) => {
    const data = logits!.data as Float32Array;
    const bindings = [data, data.length, cotangent!.data as Float32Array, 2 * iterations * data.length];
    return prepareDispatch(device, { pipeline: await pipelineOf('backward', n), bindings, output: { binding: 1, name: 'logitsGradient' }, groups: Math.ceil(tokens / workgroup), source: shader(n) });
  };
  const declared = { dialect: { preset: 'tilekernels', iterations, epsilon }, arithmetic: 'wgsl-f32' };
  return {
    description: 'WGSL, run by Dawn',
    kernels: { sinkhorn: { ...declared, run: forward, prepare: prepareForward }, 'sinkhorn-vjp': { ...declared, run: backward, prepare: prepareBackward } },
    open,
    close: () => device.destroy(),
  };
}

export default defineConfig({ targets: { wgsl: wgslTarget(sinkhornShader) } });
