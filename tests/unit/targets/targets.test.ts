import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';

import { tfjsArithmetic, tfjsBackends } from '../../../src/kernels/tfjs/index.ts';
import { resolveArithmetic } from '../../../src/numerics/arithmetic.ts';
import { operations, relativeIds } from '../../../src/operations/index.ts';
import type { OperationId } from '../../../src/operations/operation.ts';
import { builtInTargets } from '../../../src/targets/built-in.ts';
import { inProcess } from '../../../src/targets/in-process.ts';
import { gpuObstacle, nativeObstacle, nodeObstacle } from '../../../src/targets/tfjs-native.ts';
import { tfjsTarget } from '../../../src/targets/tfjs.ts';
import { resolveKernel } from '../../../src/targets/resolve.ts';
import { inputsOf, opened, run } from './support.ts';

const written: string[] = [];
const streams = [process.stdout, process.stderr];
const consoles = ['log', 'info', 'warn', 'error', 'debug'] as const;

/** What tfjs has kernels of. */
const own = (Object.keys(operations) as OperationId[]).filter((id) => !relativeIds.includes(id));

describe('targets', () => {
  // Everything that tfjs could print goes through these; vitest's own reporter writes from another process.
  beforeAll(() => {
    for (const stream of streams) vi.spyOn(stream, 'write').mockImplementation((chunk) => written.push(String(chunk)) > 0);
    for (const method of consoles) vi.spyOn(console, method).mockImplementation((...words) => void written.push(words.join(' ')));
  });
  afterAll(() => vi.restoreAllMocks());

  it('an in-process target is available and has what it was given', async () => {
    const kernel = { arithmetic: 'ieee-f32', run: () => ({}) };
    const target = inProcess('mine', { kernels: { sinkhorn: kernel } });
    expect(await target.open()).toEqual({ status: 'available' });
    expect(target.kernels()['sinkhorn']).toBe(kernel);
    await target.close();
  });

  it('opens and closes what its author gave', async () => {
    const calls: string[] = [];
    const target = inProcess('mine', { kernels: {}, open: () => void calls.push('open'), close: () => void calls.push('close') });
    expect(await target.open()).toEqual({ status: 'available' });
    await target.close();
    expect(calls).toEqual(['open', 'close']);
  });

  it('is unavailable as its open says, or because it throws', async () => {
    const absent = { status: 'unavailable', reason: 'no GPU', remedy: 'Buy one.' } as const;
    expect(await inProcess('mine', { kernels: {}, open: () => Promise.resolve(absent) }).open()).toEqual(absent);
    const thrown = await inProcess('mine', { kernels: {}, open: () => Promise.reject(new Error('no device')) }).open();
    expect(thrown).toMatchObject({ status: 'unavailable', reason: 'no device', remedy: expect.stringContaining("'mine'") as string });
  });

  it.each([{ status: 'unavailable', reason: 'no remedy' }, { status: 'ready' }, true])('refuses %j as an availability', async (said) => {
    const open = (): never => said as never;
    await expect(inProcess('mine', { kernels: {}, open }).open()).rejects.toMatchObject({ code: 'bad-config', message: expect.stringContaining("'mine'") as string });
  });

  it('warns of a close that fails, and goes on', async () => {
    const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    await inProcess('mine', { kernels: {}, close: () => Promise.reject(new Error('busy')) }).close();
    expect(warned).toHaveBeenCalledExactlyOnceWith("close of the target 'mine' failed: busy");
    warned.mockRestore();
  });

  it('lists the built-in targets', async () => {
    const targets = builtInTargets();
    expect(targets.map((target) => target.name)).toEqual(['reference', 'tfjs-cpu', 'tfjs-wasm', 'tfjs-node', 'tfjs-node-gpu', 'tfjs-webgpu', 'webgpu']);
    for (const target of targets) {
      const availability = await target.open();
      if (['reference', 'tfjs-cpu', 'tfjs-wasm'].includes(target.name)) expect(availability).toEqual({ status: 'available' });
      if (target.name === 'webgpu' && availability.status === 'available') expect(Object.keys(target.kernels()).filter((id) => !own.includes(id as OperationId))).toEqual([]);
      else if (availability.status === 'available') expect(Object.keys(target.kernels()).toSorted()).toEqual(target.name === 'reference' ? Object.keys(operations).toSorted() : own.toSorted());
      else expect([availability.reason, availability.remedy].map((text) => text.length > 10)).toEqual([true, true]);
      await target.close();
    }
  });

  it('declares kernels that can be resolved, on every backend', async () => {
    const targets = builtInTargets().filter((target) => ['reference', 'tfjs-cpu', 'tfjs-wasm'].includes(target.name));
    for (const target of targets) {
      for (const [id, kernel] of Object.entries(await opened(target))) {
        const resolved = resolveKernel(operations[id as OperationId], kernel, target.name);
        expect(new Set(Object.values(resolved.dtypes))).toEqual(new Set(['f32']));
      }
    }
    for (const backend of tfjsBackends) expect(resolveArithmetic(tfjsArithmetic[backend]).compute).toBe('f32');
  });

  it('has no kernels before it is opened', () => {
    expect(() => tfjsTarget('cpu').kernels()).toThrow('not open');
  });

  it('calls on two backends may alternate and overlap', async () => {
    const sizes = { tokens: 4, streams: 4, channels: 3, depth: 2 };
    const [cpu, wasm] = [await opened(tfjsTarget('cpu')), await opened(tfjsTarget('wasm'))];
    const calls = own.flatMap((id) => [cpu, wasm].map((kernels) => () => run(kernels[id]!, inputsOf(operations[id], sizes, 8), sizes)));
    const oneByOne = [];
    for (const call of calls) oneByOne.push(await call());
    expect(await Promise.all(calls.map((call) => call()))).toEqual(oneByOne);
  });

  it('leaves no tensor behind, not even when a graph throws', async () => {
    const tf = await import('@tensorflow/tfjs');
    const sizes = { tokens: 2, streams: 3, channels: 2, depth: 3 };
    for (const backend of ['cpu', 'wasm'] as const) {
      const kernels = await opened(tfjsTarget(backend));
      const before = tf.memory().numTensors;
      for (let round = 0; round < 3; round++) {
        for (const id of own) await run(kernels[id]!, inputsOf(operations[id], sizes, round), sizes);
      }
      const wrong = inputsOf(operations['stream-write'], sizes, 1);
      wrong['streams'] = { ...wrong['streams']!, shape: [2, 2, 3] };
      await expect((async () => run(kernels['stream-write']!, wrong, sizes))()).rejects.toThrow('matMul');
      expect(tf.memory().numTensors).toBe(before);
    }
  });

  it('names what a native package lacks', () => {
    const missing = Object.assign(new Error("Cannot find package '@tensorflow/tfjs-node-gpu' imported from x"), { code: 'ERR_MODULE_NOT_FOUND' });
    expect(nativeObstacle('@tensorflow/tfjs-node-gpu', missing).reason).toContain('is not installed');
    const addon = new Error('The Node.js native addon module (tfjs_binding.node) can not be found at path: x');
    expect(nativeObstacle('@tensorflow/tfjs-node-gpu', addon).remedy).toContain('npm rebuild @tensorflow/tfjs-node-gpu');
    const cuda = new Error('libcudart.so.11.0: cannot open shared object file: No such file or directory');
    expect(nativeObstacle('@tensorflow/tfjs-node-gpu', cuda)).toMatchObject({ reason: expect.stringContaining('needs libcudart.so.11.0'), remedy: expect.stringContaining('CUDA 11.2') });
    const tensorflow = new Error('libtensorflow.so.2: cannot open shared object file: No such file or directory');
    expect(nativeObstacle('@tensorflow/tfjs-node', tensorflow)).toMatchObject({ reason: expect.stringContaining('needs libtensorflow.so.2'), remedy: expect.stringContaining('npm rebuild') });
    // as the loader says it of a library from a Python wheel, of a file that is no library, and where npm was interrupted
    const wheel = new Error('_pywrap_tensorflow_internal.so: cannot open shared object file: No such file or directory');
    expect(nativeObstacle('@tensorflow/tfjs-node', wheel).reason).toContain('needs _pywrap_tensorflow_internal.so, a part of libtensorflow 2.9.1');
    const mac = new Error("dlopen(/x/tfjs_binding.node, 0x0001): Library not loaded: @loader_path/../../deps/lib/libtensorflow.2.dylib\n  Referenced from: /x");
    expect(nativeObstacle('@tensorflow/tfjs-node', mac).reason).toContain('needs libtensorflow.2.dylib,');
    const broken = new Error('/x/lib/napi-v8/tfjs_binding.node: invalid ELF header');
    expect(nativeObstacle('@tensorflow/tfjs-node', broken)).toMatchObject({ reason: expect.stringContaining('cannot be loaded: /x/lib/napi-v8/tfjs_binding.node: invalid ELF header'), remedy: expect.stringContaining('npm rebuild') });
    const dependency = Object.assign(new Error("Cannot find module '@mapbox/node-pre-gyp'\nRequire stack:\n- /x"), { code: 'MODULE_NOT_FOUND' });
    expect(nativeObstacle('@tensorflow/tfjs-node', dependency)).toMatchObject({ reason: expect.stringContaining('without the package @mapbox/node-pre-gyp'), remedy: expect.stringContaining('npm install') });
  });

  it('Node 23 and later are named, and a GPU that is not seen', () => {
    expect(nodeObstacle('@tensorflow/tfjs-node', 'v22.0.0', { isNullOrUndefined: () => false, isArray: () => false })).toBeUndefined();
    expect(nodeObstacle('@tensorflow/tfjs-node', 'v24.0.0', { isArray: () => false })).toMatchObject({ reason: expect.stringContaining('Node v24.0.0 has no util.isNullOrUndefined,'), remedy: expect.stringContaining('Node 20 or 22') });
    expect(nodeObstacle('@tensorflow/tfjs-node', 'v24.0.0', {})!.reason).toContain('no util.isNullOrUndefined and no util.isArray');
    expect(gpuObstacle(['libcudart.so.11.0', 'libcudnn.so.8'])).toEqual({
      reason: 'libtensorflow sees no GPU: libcudart.so.11.0, libcudnn.so.8 cannot be opened.', remedy: 'Install CUDA 11.2 and cuDNN 8.1, and put the folder of each into LD_LIBRARY_PATH.',
    });
    expect(gpuObstacle(['libcuda.so.1']).remedy).toContain('Install the NVIDIA driver,');
    expect(gpuObstacle([]).remedy).toContain('nvidia-smi');
  });

  it('printed nothing', () => {
    expect(written).toEqual([]);
  });
});
