import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, describe, expect, test } from 'vitest';

import { writeMadeCheckpoint } from '../../../../bench/made-checkpoint.ts';
import { boundCheckpoint, type CheckpointBounds } from '../../../../src/certify/checkpoint/bound-checkpoint.ts';
import { certifyCheckpoint } from '../../../../src/certify/checkpoint/certify-checkpoint.ts';
import { openCheckpoint } from '../../../../src/certify/checkpoint/file.ts';
import { logitsOf, readWeights } from '../../../../src/certify/checkpoint/logits.ts';
import { findSublayers } from '../../../../src/certify/checkpoint/schemes.ts';
import { checkCertificate } from '../../../../src/certify/checker/check.ts';
import { networkMethods } from '../../../../src/certify/checker/network.ts';
import { boundOf, numberOf } from '../../../../src/certify/bound.ts';
import { sha256 } from '../../../../src/certify/issue.ts';
import { decodeSafetensors, encodeSafetensors, PlumblineError, Random, tensor, type Tensor } from '../../../../src/index.ts';
import { redigested, isValid, reasonOf } from '../support.ts';

const folder = mkdtempSync(join(tmpdir(), 'plumbline-checkpoint-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const made = join(folder, 'made.safetensors');
writeMadeCheckpoint(made, 3, 64, 'trained', 5);
const parameters = decodeSafetensors(readFileSync(made)).tensors;

function saved(name: string, tensors: Readonly<Record<string, Tensor>>): string {
  const path = join(folder, name);
  writeFileSync(path, encodeSafetensors(tensors));
  return path;
}

function bounded(path: string, over: object = {}): CheckpointBounds {
  return boundCheckpoint({ path, samples: 4, seed: 1, ...over })!;
}

function thrown(run: () => unknown): PlumblineError {
  try {
    run();
  } catch (error) {
    if (error instanceof PlumblineError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

const renamed = (rename: (name: string) => string): Record<string, Tensor> => Object.fromEntries(Object.entries(parameters).map(([name, one]) => [rename(name), one]));

describe('names', () => {
  test.each<[string, (name: string) => string]>([
    ['deepseek', (name) => `model.${name}`],
    ['deepseek', (name) => (name.endsWith('_fn') ? `${name}.weight` : name)],
    ['transformers', (name) => name.replace(/hc_(attn|ffn)_(fn|scale|base)/, '$1_hc.$2')],
  ])('%s', (scheme, rename) => {
    const found = findSublayers(openCheckpoint(saved('named.safetensors', renamed(rename))));
    expect([found.scheme, found.sublayers.length]).toEqual([scheme, 6]);
    expect(found.sublayers.map(({ name }) => name).slice(0, 3)).toEqual(['layer 0, attention', 'layer 0, ffn', 'layer 1, attention']);
  });

  test('megatron has its scales apart, and a norm', () => {
    const tensors: Record<string, Tensor> = {};
    for (let layer = 0; layer < 2; layer++) {
      const stem = `decoder.layers.${layer}.self_attention_hyper_connection`;
      tensors[`${stem}.mapping_proj.weight`] = parameters[`layers.${layer}.hc_attn_fn`]!;
      tensors[`${stem}.bias`] = parameters[`layers.${layer}.hc_attn_base`]!;
      tensors[`${stem}.norm.weight`] = tensor(new Float64Array(256).fill(2), [256], 'f32');
      for (const part of ['pre', 'post', 'res']) tensors[`${stem}.alpha_${part}`] = tensor([0.01], [1], 'f32');
    }
    const path = saved('megatron.safetensors', tensors);
    const found = findSublayers(openCheckpoint(path));
    expect([found.scheme, found.dialect, found.sublayers.length]).toEqual(['megatron', 'megatron-main', 2]);
    const weights = readWeights(openCheckpoint(path), found.sublayers[0]!);
    expect(weights.projection[7]).toBe(2 * Number(parameters['layers.0.hc_attn_fn']!.data[7]));
    expect([...weights.scales].map(Math.fround)).toEqual([0.01, 0.01, 0.01].map(Math.fround));
  });

  test('of one\'s own, by --map', () => {
    const own = saved('own.safetensors', renamed((name) => name.replace(/layers\.(\d+)\.hc_attn_(fn|scale|base)/, 'block$1/$2')));
    expect(findSublayers(openCheckpoint(own), 'projection=block*/fn,scales=block*/scale,bias=block*/base').sublayers).toHaveLength(3);
    expect(thrown(() => findSublayers(openCheckpoint(own), 'projection=block*/fn,scale=block*/scale')).message).toContain("does not know 'scale'");
    expect(thrown(() => findSublayers(openCheckpoint(own), 'projection=block/fn,scales=block*/scale,bias=block*/base')).message).toContain('needs one *');
  });

  test('that nobody knows: what is there, and how to map it', () => {
    const error = thrown(() => bounded(saved('foreign.safetensors', renamed((name) => name.replace('hc_', 'unheard_')))));
    expect(error.code).toBe('bad-file');
    expect(error.message).toContain('layers.*.unheard_attn_fn (3)');
    expect(error.message).toContain('--map');
  });
});

describe('the logits of every input', () => {
  const checkpoint = openCheckpoint(made);
  const weights = readWeights(checkpoint, findSublayers(checkpoint).sublayers[0]!);
  const { n, width, projection, scales, bias } = weights;
  const { low, high, spans } = logitsOf(weights);
  const random = new Random(3);

  function logitsFor(direction: (t: number) => number): number[] {
    const x = Float64Array.from({ length: width }, (_, t) => direction(t));
    const size = Math.sqrt(x.reduce((sum, v) => sum + v * v, 0));
    return Array.from({ length: n * n + 2 * n }, (_, k) => {
      const dot = x.reduce((sum, v, t) => sum + v * projection[k * width + t]!, 0);
      return (scales[k < n ? 0 : k < 2 * n ? 1 : 2]! * dot * Math.sqrt(width)) / size + bias[k]!;
    });
  }

  const quads = Array.from({ length: n ** 4 }, (_, quad) => [Math.floor(quad / n ** 3), Math.floor(quad / n ** 2) % n, Math.floor(quad / n) % n, quad % n] as const).filter(([i, k, j, l]) => i !== k && j !== l);
  const four = (logits: readonly number[], [i, k, j, l]: readonly [number, number, number, number]): number => {
    const at = (a: number, b: number): number => logits[2 * n + a * n + b]!;
    return at(i, j) + at(k, l) - at(i, l) - at(k, j);
  };

  test('lie in their box, and so do sums of four; some input nearly attains each', () => {
    for (let trial = 0; trial < 200; trial++) {
      const logits = logitsFor(() => random.normal());
      expect(logits.every((x, k) => x >= low[k]! && x <= high[k]!)).toBe(true);
    }
    for (const k of [0, 5, 9, 20]) {
      for (const sign of [1, -1]) {
        const logit = logitsFor((t) => sign * projection[k * width + t]!)[k]!;
        const end = sign * scales[2]! >= 0 ? high[k]! : low[k]!;
        expect(Math.abs(logit - bias[k]!) / Math.abs(end - bias[k]!)).toBeGreaterThan(0.99);
        expect(Math.abs(logit - bias[k]!)).toBeLessThanOrEqual(Math.abs(end - bias[k]!));
      }
    }
    for (const quad of quads.slice(0, 30)) {
      const [i, k, j, l] = quad;
      const rows = [[i, j, 1], [k, l, 1], [i, l, -1], [k, j, -1]] as const;
      const logits = logitsFor((t) => rows.reduce((sum, [a, b, sign]) => sum + sign * projection[(2 * n + a * n + b) * width + t]!, 0));
      const bound = spans[(i * n + k) * n * n + j * n + l]!;
      const centre = four([...bias], quad);
      const attained = Math.abs(four(logits, quad) - centre);
      expect(attained).toBeLessThanOrEqual(bound - centre);
      expect(attained / (bound - centre)).toBeGreaterThan(0.98);
    }
  });
});

describe('a certificate', () => {
  const { certificate, bounds } = certifyCheckpoint({ path: made, samples: 8, seed: 2 })!;
  const bytes = readFileSync(made);
  const check = (text: string, file = bytes): ReturnType<typeof checkCertificate> => checkCertificate(text, [file], networkMethods);

  test('is confirmed by the checker, all of it, and what was observed is within it', () => {
    expect(reasonOf(check(JSON.stringify(certificate)))).toBe('');
    expect(certificate.claims).toHaveLength(6);
    expect(bounds.composite.observed!.forward).toBeLessThanOrEqual(bounds.composite.forward);
    expect(bounds.composite.observed!.backward).toBeLessThanOrEqual(bounds.composite.backward);
    for (const { observed, forward, backward } of bounds.sublayers) expect(observed!).toBeLessThanOrEqual(Math.max(1 - backward.low, backward.high - 1, 1 - forward.low, forward.high - 1));
    expect(bounds.exact).toBe('forward');
  });

  test('without its file, or without the methods of networks, is not checked', () => {
    expect(checkCertificate(JSON.stringify(certificate), [], networkMethods).claims.every(({ verdict }) => verdict === 'not checked')).toBe(true);
    expect(checkCertificate(JSON.stringify(certificate), [bytes]).claims.every(({ verdict }) => verdict === 'not checked')).toBe(true);
  });

  const kernel = certificate.claims[0]!.parameters['kernel'] as Record<string, unknown>;
  const forged = (change: object): object => ({ ...certificate, claims: certificate.claims.map((claim) => ({ ...claim, parameters: { ...claim.parameters, ...change } })) });
  test.each<[string, object]>([
    ['more iterations', forged({ kernel: { ...kernel, iterations: 40 } })],
    ['no rounding', forged({ kernel: { ...kernel, rounding: { start: 0, startLine: 0, entry: 0, line: 0, underflow: 0 } } })],
    ['no kernel', forged({ kernel: undefined })],
    ['a kernel of three streams', forged({ kernel: { ...kernel, n: 3 } })],
    ['a negative error', forged({ kernel: { ...kernel, rounding: { start: -1, startLine: 0, entry: 0, line: 0, underflow: 0 } } })],
    ['no sublayers', forged({ sublayers: [] })],
    ['one sublayer twice', forged({ sublayers: Array.from({ length: 40 }, () => (certificate.claims[0]!.parameters['sublayers'] as unknown[])[0]) })],
    ['a tensor that is not there', forged({ sublayers: [['nothing', 'a', 'b', '', 'c']] })],
    ['scales for biases', forged({ sublayers: [['layers.0.hc_attn_fn', 'layers.0.hc_attn_base', 'layers.0.hc_attn_scale', '', 'layer 0']] })],
  ])('with %s is refused, or says less than it did', (what, other) => {
    const checked = check(redigested(other));
    // the same bounds hold of another kernel, or of another network: the claim then says so
    if (['no rounding', 'one sublayer twice'].includes(what)) expect(checked.claims.some(({ verdict }) => verdict === 'holds')).toBe(true);
    else expect(isValid(checked)).toBe(false);
  });

  test('with a bound that was lowered, of each claim, is refused', () => {
    for (const [k, claim] of certificate.claims.entries()) {
      for (const factor of [1 - 1e-6, 0.9, 0.5, 0]) {
        const bound = boundOf(numberOf(claim.bound) * factor, 'up');
        const claims = certificate.claims.map((one, other) => (other === k ? { ...one, bound, plain: one.plain.replace(one.bound.decimal, bound.decimal) } : one));
        expect(check(redigested({ ...certificate, claims })).claims[k]!.verdict, `${claim.id} × ${factor}`).toBe('refused');
      }
    }
  });

  test('about a weight that was changed is refused, also where the file is named anew', () => {
    const tensors = Object.fromEntries(Object.entries(parameters).map(([name, one]) => [name, name === 'layers.1.hc_ffn_scale' ? tensor([3, 3, 3], [3], 'f32') : one]));
    const other = Buffer.from(encodeSafetensors(tensors));
    expect(check(JSON.stringify(certificate), other).refused).toContain('not what it is about');
    const renewed = { ...certificate, subject: [{ name: 'made.safetensors', digest: { sha256: sha256(other) } }] };
    expect(isValid(check(redigested(renewed), other))).toBe(false);
  });
});

describe('bad checkpoints are refused with the reason', () => {
  const without = (...names: string[]): Record<string, Tensor> => Object.fromEntries(Object.entries(parameters).filter(([name]) => !names.includes(name)));
  const withTensor = (name: string, one: Tensor): Record<string, Tensor> => ({ ...parameters, [name]: one });
  const nan = Float64Array.from(parameters['layers.2.hc_attn_fn']!.data);
  nan[1000] = Number.NaN;
  test.each<[string, () => string, RegExp]>([
    ['a layer is missing', () => saved('a.safetensors', without(...Object.keys(parameters).filter((name) => name.startsWith('layers.1.')))), /missing.*layer 1 \(0 of 2\)/],
    ['a sublayer is missing', () => saved('b.safetensors', without('layers.1.hc_ffn_fn', 'layers.1.hc_ffn_base', 'layers.1.hc_ffn_scale')), /layer 1 \(1 of 2\)/],
    ['a bias is missing', () => saved('c.safetensors', without('layers.1.hc_ffn_base')), /no 'layers.1.hc_ffn_base'/],
    ['a weight is NaN', () => saved('d.safetensors', withTensor('layers.2.hc_attn_fn', tensor(nan, [24, 256], 'f32'))), /layers.2.hc_attn_fn.* NaN at element 1000/],
    ['a projection of another shape', () => saved('e.safetensors', withTensor('layers.0.hc_attn_fn', tensor(new Float64Array(23 * 256), [23, 256], 'f32'))), /is \[23, 256\]/],
    ['another width', () => saved('f.safetensors', withTensor('layers.1.hc_attn_fn', tensor(new Float64Array(24 * 128), [24, 128], 'f32'))), /C = 32; the one before n = 4, C = 64/],
    ['two scales', () => saved('g.safetensors', withTensor('layers.0.hc_attn_scale', tensor([1, 1], [2], 'f32'))), /2 elements, not 3/],
    ['an empty folder', () => { mkdirSync(join(folder, 'empty'), { recursive: true }); return join(folder, 'empty'); }, /no .safetensors file/],
    ['nothing', () => join(folder, 'nothing.safetensors'), /does not exist/],
    ['an index that points outside', () => { writeFileSync(join(folder, 'i.json'), JSON.stringify({ weight_map: { a: '../made.safetensors' } })); return join(folder, 'i.json'); }, /not beside it/],
    ['an index that is none', () => { writeFileSync(join(folder, 'j.json'), '{"weights":1}'); return join(folder, 'j.json'); }, /no weight_map/],
    ['a file cut off', () => { writeFileSync(join(folder, 'k.safetensors'), readFileSync(made).subarray(0, 5000)); return join(folder, 'k.safetensors'); }, /outside the|header claims/],
    ['a header of 2 GB', () => { const b = Buffer.alloc(64); b.writeBigUInt64LE(2n ** 31n); writeFileSync(join(folder, 'l.safetensors'), b); return join(folder, 'l.safetensors'); }, /header claims 2147483648 bytes/],
  ])('%s', (_what, path, reason) => {
    const error = thrown(() => bounded(path()));
    expect(error.code).toBe('bad-file');
    expect(error.message).toMatch(reason);
    expect(error.remedy).toBeTruthy();
  });

  test('a name twice in the header', () => {
    const bytes = readFileSync(made);
    const length = Number(bytes.readBigUInt64LE(0));
    const header = bytes.toString('utf8', 8, 8 + length).trimEnd();
    const first = /"layers\.0\.hc_attn_base":\{[^}]*\}/.exec(header)![0];
    const twice = header.replace('{', `{${first},`);
    const start = Buffer.alloc(8);
    start.writeBigUInt64LE(BigInt(twice.length));
    const path = join(folder, 'twice.safetensors');
    writeFileSync(path, Buffer.concat([start, Buffer.from(twice), bytes.subarray(8 + length)]));
    expect(thrown(() => bounded(path)).message).toContain('twice');
  });

  test('dialects that nothing is proved of', () => {
    expect(thrown(() => bounded(made, { dialect: 'mhc-cu' })).message).toMatch(/no preset|Nothing is certified/);
    expect(thrown(() => bounded(made, { dialect: 'deepsek' })).message).toContain("Did you mean 'deepseek'?");
  });
});

test('a sharded checkpoint is the same as a whole one', () => {
  const shards = join(folder, 'shards');
  mkdirSync(shards);
  const names = Object.keys(parameters);
  const parts = [names.slice(0, 7), names.slice(7)];
  for (const [k, part] of parts.entries()) writeFileSync(join(shards, `model-${k}.safetensors`), encodeSafetensors(Object.fromEntries(part.map((name) => [name, parameters[name]!]))));
  writeFileSync(join(shards, 'model.safetensors.index.json'), JSON.stringify({ weight_map: Object.fromEntries(parts.flatMap((part, k) => part.map((name) => [name, `model-${k}.safetensors`]))) }));
  const [whole, folderOf, index] = [made, shards, join(shards, 'model.safetensors.index.json')].map((path) => bounded(path));
  expect(folderOf!.composite).toEqual(whole!.composite);
  expect(index!.composite).toEqual(whole!.composite);
  const certificate = certifyCheckpoint({ path: shards, samples: 0, seed: 1 })!;
  expect(certificate.certificate.subject).toHaveLength(2);
  expect(isValid(checkCertificate(JSON.stringify(certificate.certificate), certificate.files.map((file) => readFileSync(file)), networkMethods))).toBe(true);
});

test('mutated files are refused or read, and nothing else', () => {
  const bytes = readFileSync(made);
  const random = new Random(9);
  const header = 8 + Number(bytes.readBigUInt64LE(0));
  const path = join(folder, 'mutated.safetensors');
  const outcomes = { refused: 0, read: 0 };
  for (let trial = 0; trial < 400; trial++) {
    const copy = Buffer.from(bytes);
    for (let flips = 1 + random.integer(0, 3); flips > 0; flips--) copy[random.integer(0, header - 1)] = random.integer(0, 255);
    writeFileSync(path, trial % 5 === 0 ? copy.subarray(0, random.integer(0, copy.length)) : copy);
    try {
      findSublayers(openCheckpoint(path));
      outcomes.read++;
    } catch (error) {
      if (!(error instanceof PlumblineError)) throw error;
      expect(error.code).toBe('bad-file');
      outcomes.refused++;
    }
  }
  expect(outcomes.refused).toBeGreaterThan(200);
});
