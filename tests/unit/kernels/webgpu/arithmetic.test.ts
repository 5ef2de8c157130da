/** Measuring the arithmetic of the adapter at hand: what a device says by integers is attacked in double-double, faults that are planted are found, and `verify` says what a driver does. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, describe, expect, it, test } from 'vitest';

import { driverFaults, plantDriverFault } from '../../../../fixtures/wgsl-faults/drivers.ts';
import { complaintsOf, judgedOnDevice, judgeSeen, measureArithmetic, quickly, type MeasuredName } from '../../../../src/kernels/webgpu/arithmetic/index.ts';
import { evaluate } from '../../../../src/kernels/webgpu/arithmetic/evaluate.ts';
import { exhaust } from '../../../../src/kernels/webgpu/arithmetic/exhaustive.ts';
import { bitsOf, floatOf, judge } from '../../../../src/kernels/webgpu/arithmetic/judge.ts';
import { truthOf } from '../../../../src/kernels/webgpu/arithmetic/truth.ts';
import { openDevice, type GpuDevice } from '../../../../src/kernels/webgpu/index.ts';
import { add, div, exp, log, of, scale, sqrt, sub, toNumber, type DoubleDouble } from '../../../../src/numerics/double-double.ts';
import { Random } from '../../../../src/generate/random.ts';
import { readRecord } from '../../../../src/targets/webgpu-arithmetic.ts';
import { folderWith, plumbline } from '../../../cli/cli.ts';

const gpu = await openDevice();
afterAll(() => gpu.close());

interface Truth {
  readonly kind: number;
  readonly negative: boolean;
  readonly mantissa: DoubleDouble;
  readonly e: number;
  readonly slack: number;
}

const [NUMBER, FIXED, NOT, INFINITE] = [0, 1, 2, 3];

/** What the device takes for the truth. */
async function truths(name: (typeof judgedOnDevice)[number], operands: readonly (readonly [number, number])[]): Promise<Truth[]> {
  const code = `${truthOf(name)}
@group(0) @binding(0) var<storage, read> given: array<vec2u>;
@group(0) @binding(1) var<storage, read_write> told: array<array<u32, 8>>;
@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= arrayLength(&given)) { return; }
  let t = truth(given[id.x].x, given[id.x].y);
  told[id.x] = array<u32, 8>(t.kind, t.negative, t.m.x, t.m.y, bitcast<u32>(t.e), t.slack, 0u, 0u);
}`;
  const { device } = gpu;
  const pipeline = await gpu.pipeline(code, `truth of ${name}`);
  const given = device.createBuffer({ size: 8 * operands.length, usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST });
  const told = device.createBuffer({ size: 32 * operands.length, usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC });
  const readable = device.createBuffer({ size: 32 * operands.length, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
  device.queue.writeBuffer(given, 0, new Uint32Array(operands.flat()));
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries: [given, told].map((buffer, binding) => ({ binding, resource: { buffer } })) }));
  pass.dispatchWorkgroups(Math.ceil(operands.length / 64));
  pass.end();
  encoder.copyBufferToBuffer(told, 0, readable, 0, readable.size);
  device.queue.submit([encoder.finish()]);
  await readable.mapAsync(GPUMapMode.READ);
  const words = new Uint32Array(readable.getMappedRange().slice(0));
  for (const buffer of [given, told, readable]) buffer.destroy();
  return operands.map((_, k) => {
    const [kind, negative, low, high, e, slack] = words.subarray(8 * k, 8 * k + 8);
    return { kind: kind!, negative: negative === 1, mantissa: add(of(high! * 2 ** 32), of(low!)), e: e! | 0, slack: slack! };
  });
}

const unity = of(1);
const inDoubleDouble: Readonly<Record<(typeof judgedOnDevice)[number], (x: number, y: number) => DoubleDouble>> = {
  exp: (x) => exp(of(x)),
  log: (x) => log(of(x)),
  tanh: (x) => {
    const v = exp(of(-2 * Math.abs(x)));
    const size = div(sub(unity, v), add(unity, v));
    return x < 0 ? { hi: -size.hi, lo: -size.lo } : size;
  },
  inverseSqrt: (x) => div(unity, sqrt(of(x))),
  sqrt: (x) => sqrt(of(x)),
  reciprocal: (x) => div(unity, of(x)),
  divide: (x, y) => div(of(x), of(y)),
};

/** Patterns of a random exponent with few, all and random bits, near powers of two and near the ends. */
function hardOperands(random: Random): number[] {
  const fields = [1, 2, 100, 118, 119, 120, 121, 122, 123, 124, 125, 126, 127, 128, 129, 130, 131, 132, 133, 134, 252, 253, 254];
  const mantissas = (): number[] => [0, 1, 2, 0x7fffff, 0x7ffffe, 0x400000, 0x3504f3, 0x317218, ...Array.from({ length: 40 }, () => random.bits() >>> 9)];
  const normal = fields.flatMap((field) => mantissas().map((mantissa) => (field << 23) | mantissa));
  return [...normal, 1, 2, 0x7fffff, 0x12345, bitsOf(Math.LN2), bitsOf(88.72284), bitsOf(87.33655), bitsOf(103.972)].flatMap((bits) => [bits, (bits | 0x80000000) >>> 0]);
}

describe.each(judgedOnDevice)('the truth of %s by integers', (name) => {
  it('is within its slack, and is normalised', { timeout: 120_000 }, async () => {
    const random = new Random(7);
    const operands = hardOperands(random).map((x): [number, number] => [x, name === 'divide' ? (((1 + random.below(252)) << 23) | (random.bits() >>> 9) | (random.bits() & 0x80000000)) >>> 0 : 0]);
    const found = await truths(name, operands);
    let [compared, largest] = [0, 0];
    found.forEach(({ kind, negative, mantissa, e, slack }, k) => {
      const [x, y] = operands[k]!.map(floatOf) as [number, number];
      if (kind === NOT || kind === INFINITE) {
        const value = toNumber(inDoubleDouble[name](x, y));
        expect(kind === NOT ? Number.isNaN(value) : value > 2 ** 128, `${name}(${x})`).toBe(true);
        return;
      }
      if ((kind !== NUMBER && kind !== FIXED) || e < -500) return; // e^x below all f32
      const unit = kind === FIXED ? -56 : e - 63;
      // of numbers as large as 2^±400 a double-double has all its digits only near 1
      const exact = scale(inDoubleDouble[name](x, y), -unit);
      const size = exact.hi < 0 ? { hi: -exact.hi, lo: -exact.lo } : exact;
      if (toNumber(size) !== 0) expect(exact.hi < 0, `sign of ${name}(${x}, ${y})`).toBe(negative);
      const off = Math.abs(toNumber(sub(size, mantissa)));
      expect(off <= slack, `${name}(${x}, ${y}): ${off} of ${slack}`).toBe(true);
      if (kind === NUMBER) expect(mantissa.hi >= 2 ** 63, `${name}(${x}, ${y}) is normalised`).toBe(true);
      largest = Math.max(largest, off);
      compared++;
    });
    expect(compared).toBeGreaterThan(500);
    expect(largest).toBeGreaterThan(0); // otherwise nothing was compared with anything
  });
});

describe('a device that judges 2¹⁶ results', () => {
  const groups: [MeasuredName & (typeof judgedOnDevice)[number], number][] = [
    ['exp', 0xbd40], ['exp', 0x42b1], ['exp', 0xc2ae], ['exp', 0xc2cf], ['log', 0x3eff], ['log', 0x0080], ['tanh', 0x3fbb], ['inverseSqrt', 0x6081], ['sqrt', 0x0080], ['sqrt', 0x0001], ['reciprocal', 0x7e80], ['reciprocal', 0x80ff],
  ];
  test.each(groups)('counts for %s, group %i, what f64 counts', async (name, group) => {
    const operands = Uint32Array.from({ length: 2 ** 16 }, (_, k) => group * 2 ** 16 + k);
    const results = await evaluate(gpu, name, [operands]);
    const here = { outside: 0, beyond: 0, regular: 0 };
    results.forEach((result, k) => {
      const verdict = judge(name, [floatOf(operands[k]!)], floatOf(result));
      here.outside += Number(verdict.outside && verdict.class !== 'special');
      here.beyond += Number(verdict.beyondAssumed);
      here.regular += Number(verdict.class === 'regular');
    });
    await exhaust(gpu, name, {
      seed: 1, groupsAtOnce: 1, firstGroup: group, groups: 1,
      onGroups: ([found]) => {
        // the device's limits are rounded up by a unit of 2⁻¹² ULP
        expect(found!.outside).toBeLessThanOrEqual(here.outside);
        expect(found!.outside > 0).toBe(here.outside > 0);
        expect(found!.beyond).toBe(here.beyond);
        if (name !== 'tanh' && name !== 'log' && group !== 0x0001) expect(found!.regular).toBe(here.regular);
      },
    });
  });

  it('finds one wrong result among them, whichever function it is in', { timeout: 120_000 }, async () => {
    for (const name of judgedOnDevice) {
      const call = { exp: 'exp(a)', log: 'log(a)', tanh: 'tanh(a)', inverseSqrt: 'inverseSqrt(a)', sqrt: 'sqrt(a)', reciprocal: '1.0 / a', divide: 'a / b' }[name];
      // of pairs, which are drawn, some have these bits
      const where = name === 'divide' ? '(x & 0xfffu) == 0x234u' : '(x & 0xffffu) == 0x1234u';
      const wrong = await openDevice({ rewrite: (code) => code.replace(`bitcast<u32>(${call})`, `bitcast<u32>(select(${call}, (${call}) * 1.0001, ${where}))`) });
      try {
        await exhaust(wrong, name, { seed: 1, groupsAtOnce: 1, firstGroup: 0x3fa0, groups: 1, onGroups: ([found]) => {
          if (name === 'divide') {
            expect(found!.outside).toBeGreaterThan(0);
            expect(found!.outside).toBeLessThan(64);
            expect([found!.firstOutside, found!.firstBeyond, found!.worst].map(([x]) => x & 0xfff)).toEqual([0x234, 0x234, 0x234]);
            const [x, y, result] = found!.firstOutside.map(floatOf) as [number, number, number];
            return expect(judge(name, [x, y], result)).toMatchObject({ class: 'regular', outside: true, beyondAssumed: true });
          }
          expect(found!.outside).toBe(1);
          expect(found!.beyond).toBe(1);
          expect(found!.firstOutside[0]).toBe(0x3fa01234);
          return expect(found!.worst[0]).toBe(0x3fa01234);
        } });
      } finally {
        wrong.close();
      }
    }
  });
});

it('a device whose integers are wrong is not believed', async () => {
  const wrong = await openDevice({ rewrite: (code) => code.replace('var sum = taylor[15]', 'var sum = taylor[5]') });
  try {
    const measuring = measureArithmetic(wrong, { ...quickly, samples: 2 ** 10, exhaustively: ['exp'], groups: { first: 0x4000, count: 8 } });
    await expect(measuring).rejects.toMatchObject({ name: 'GpuFault', fault: 'refused', message: expect.stringMatching(/integers of this device are wrong/) as string });
  } finally {
    wrong.close();
  }
});

it('what all patterns show is in the record beside the samples', async () => {
  const wrong = await openDevice({ rewrite: (code) => code.replace('bitcast<u32>(exp(a))', 'bitcast<u32>(select(exp(a), 2.0, bitcast<u32>(a) == 0x3f812345u))') });
  try {
    const told: string[] = [];
    const { exp: record, log: other } = await measureArithmetic(wrong, { ...quickly, samples: 2 ** 10, exhaustively: ['exp'], groups: { first: 0x3f80, count: 4 }, onProgress: (what) => told.push(what) });
    expect(record).toMatchObject({ outside: 1, beyond: 1, all: false, judged: 4 * 2 ** 16, outsideAt: { operands: [0x3f812345], result: bitsOf(2) } });
    expect(other.outside).toBe(0);
    expect(told).toContain('all exp(x)');
  } finally {
    wrong.close();
  }
});

async function measured(device: GpuDevice): Promise<Awaited<ReturnType<typeof measureArithmetic>>> {
  return measureArithmetic(device, quickly);
}

const plain = await measured(gpu);

describe('a quick measure', () => {
  test.each(driverFaults)('finds $name', { timeout: 60_000 }, async (fault) => {
    let planted = 0;
    const plant = plantDriverFault(fault);
    const wrong = await openDevice({ rewrite: (code) => {
      const changed = plant(code);
      planted += Number(changed !== code);
      return changed;
    } });
    try {
      const functions = await measured(wrong);
      expect(planted).toBe(1);
      const name = Object.keys(functions).find((one) => `${one}(a)` === fault.call || { reciprocal: '1.0 / a', divide: 'a / b', add: 'a + b', subtract: 'a - b', multiply: 'a * b', fma: 'fma(a, b, c)' }[one] === fault.call) as MeasuredName;
      const [before, after] = [plain[name], functions[name]];
      expect(after[fault.shows]).toBeGreaterThan(before[fault.shows]);
      // and says so
      expect(complaintsOf(functions).filter((one) => one.name === name && one.excuses)).not.toEqual([]);
      if (fault.shows === 'outside') expect(judgeSeen(name, after.outsideAt!).outside).toBe(true);
      // the others are as they were
      for (const [other, record] of Object.entries(functions)) if (other !== name) expect(record).toEqual(plain[other as MeasuredName]);
    } finally {
      wrong.close();
    }
  });
});

describe('on the command line', () => {
  const wrongDriver = join(import.meta.dirname, '../../../../fixtures/wgsl-faults/wrong-driver.ts');

  it('verify names the function that a driver gets wrong, and the failures of what uses it say that it may be the driver', { timeout: 240_000 }, async () => {
    const args = ['verify', wrongDriver, '--effort', 'quick', '--seed', '1', '--call-timeout', '60s', '--property', 'sinkhorn/reference-parity,streams/*', '--operation', 'sinkhorn,stream-read', '--reporter', 'json', '--output-file', '-'];
    const { code, stdout } = await plumbline(folderWith(), args);
    const { targets, results } = JSON.parse(stdout) as { targets: { notes?: string[] }[]; results: { operation: string; property: string; status: string; notes?: string[] }[] };
    expect(targets[0]!.notes).toEqual([expect.stringMatching(/exp\(x\) leaves WGSL’s accuracy table: exp\(.*\) = .* \(0x[0-9a-f]{8} → 0x[0-9a-f]{8}\), (?:[\d.e+]+ of|no number where) [\d.]+ ULP.*may be the driver’s fault/) as string]);
    expect(results.find(({ property }) => property === 'sinkhorn/reference-parity')).toMatchObject({ status: 'failed', notes: targets[0]!.notes });
    expect(results.filter(({ operation, status }) => operation === 'stream-read' && status === 'passed').length).toBeGreaterThan(0);
    expect(code).toBe(1);
    const text = await plumbline(folderWith(), [...args.slice(0, -4), '--reporter', 'default', '--no-color']);
    expect(text.stdout).toMatch(/^ {2}note: .*exp\(x\) leaves WGSL’s accuracy table/m);
    expect(text.stdout).toMatch(/^ {2}note {6}.*exp\(x\) leaves WGSL’s accuracy table/m);
  });

  it('doctor stops measuring when it is interrupted, and keeps nothing', { timeout: 120_000 }, async () => {
    const folder = folderWith();
    const { code, stdout } = await plumbline(folder, ['doctor', '--arithmetic', 'all'], {}, (child) => {
      child.stderr!.on('data', (text: string) => void (text.includes('arithmetic:') && !child.killed && child.kill('SIGINT')));
    });
    expect(code).toBe(130);
    expect(stdout).toBe('');
    expect(readRecord(gpu.about, join(folder, '.plumbline/arithmetic'))).toMatchObject({ thorough: false }); // of the target, when it was opened
  });

  it('doctor measures, keeps the record under the adapter’s name, and verify reads what is kept', { timeout: 240_000 }, async () => {
    const folder = folderWith();
    const { code, stdout, stderr } = await plumbline(folder, ['doctor', '--arithmetic', 'quick', '--no-color']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/arithmetic .*exp [\d.]+ of [\d.]+ ULP, log .*confidence 1 − 10⁻⁶ each/);
    expect(stderr).toMatch(/inverseSqrt\(x\) +2 ULP/);
    const kept = join(folder, /kept in (\S+)/.exec(stderr)![1]!);
    const record = readRecord(gpu.about, join(folder, '.plumbline/arithmetic'));
    expect(record).toEqual(JSON.parse(readFileSync(kept, 'utf8')));
    const again = await plumbline(folder, ['doctor', '--json']);
    const { findings } = JSON.parse(again.stdout) as { findings: { name: string; detail: string }[] };
    expect(findings.find(({ name }) => name === 'arithmetic')!.detail).toContain(record!.measuredAt.slice(0, 10));
    expect(JSON.parse(readFileSync(kept, 'utf8'))).toEqual(record); // not measured again
  });
});
