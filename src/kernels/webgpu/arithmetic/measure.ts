/**
 * Measures an adapter: every function on samples, which takes a second; thoroughly, those of one operand on all 2³² patterns and quotients on 2³² pairs, judged on the device. What a device says of its own judgement is looked at
 * again: the operands that it names as the worst of 2¹⁶ must have that error in f64 too.
 */
import { tanhAbsolute, logAbsolute, measuredFunctions, measuredNames } from './functions.ts';
import { evaluate } from './evaluate.ts';
import { exhaust, groupsOfAll, type GroupFindings } from './exhaustive.ts';
import { floatOf, judge } from './judge.ts';
import { samplesOf } from './samples.ts';
import { Tally } from './tally.ts';
import { judgedOnDevice, type JudgedOnDevice } from './truth.ts';
import { recordFormat, recordVersion, type ArithmeticRecord } from './record.ts';
import { dawnVersion } from '../dawn.ts';
import type { GpuDevice } from '../device.ts';
import { GpuFault } from '../fault.ts';

export interface MeasureOptions {
  /** Random samples of each function; exp has four times as many. */
  readonly samples: number;
  readonly seed: number;
  /** Functions to judge on all patterns. */
  readonly exhaustively: readonly JudgedOnDevice[];
  /** Patterns of the operand, where they are to be fewer than all: workgroups of 2¹⁶. For tests. */
  readonly groups?: { readonly first: number; readonly count: number };
  /** What is being done, and how much of it is over. May throw to stop. */
  readonly onProgress?: (what: string, share: number) => void;
}

/** 2¹⁶ samples: about a second on a software GPU. */
export const quickly: MeasureOptions = { samples: 2 ** 16, seed: 1, exhaustively: [] };
/** All that can be had of a GPU. */
export const thoroughly: MeasureOptions = { samples: 2 ** 20, seed: 1, exhaustively: judgedOnDevice };
/** A software GPU takes minutes for all patterns of a function: many samples instead. */
export const inSoftware: MeasureOptions = { samples: 2 ** 20, seed: 1, exhaustively: [] };

/** What is kept of a measurement: with the adapter's name and Dawn's. Throws as `measureArithmetic` does. */
export async function makeRecord(gpu: GpuDevice, options: MeasureOptions): Promise<ArithmeticRecord> {
  const functions = await measureArithmetic(gpu, options);
  return { format: recordFormat, schemaVersion: recordVersion, adapter: { ...gpu.about }, dawn: dawnVersion(), measuredAt: new Date().toISOString(), thorough: options.samples > quickly.samples, functions };
}

/** The functions of a device. Throws a `GpuFault`, 'refused' where what the device says of itself is not so. */
export async function measureArithmetic(gpu: GpuDevice, options: MeasureOptions): Promise<ArithmeticRecord['functions']> {
  const steps = measuredNames.length + 4 * options.exhaustively.length;
  let done = 0;
  const functions: Partial<ArithmeticRecord['functions']> = {};
  for (const name of measuredNames) {
    options.onProgress?.(measuredFunctions[name].text, done / steps);
    const tally = new Tally(name);
    const chunk = 2 ** 18;
    const random = options.samples * (name === 'exp' ? 4 : 1);
    for (let from = 0; from < random; from += chunk) {
      const samples = samplesOf(name, Math.min(chunk, random - from), options.seed + from / chunk, from === 0);
      tally.addSamples(samples, await evaluate(gpu, name, samples.operands));
      options.onProgress?.(measuredFunctions[name].text, (done + from / random) / steps);
    }
    done++;
    const onDevice = options.exhaustively.find((one) => one === name);
    if (onDevice !== undefined) {
      const began = done;
      await addAll(gpu, onDevice, tally, options, (share) => options.onProgress?.(`all ${measuredFunctions[name].text}`, (began + 4 * share) / steps));
      done += 4;
    }
    functions[name] = tally.record();
  }
  return functions as ArithmeticRecord['functions'];
}

async function addAll(gpu: GpuDevice, name: JudgedOnDevice, tally: Tally, { seed, groups = { first: 0, count: groupsOfAll } }: MeasureOptions, onShare: (share: number) => void): Promise<void> {
  const pairs = measuredFunctions[name].operands === 2;
  // samples are among the patterns
  if (!pairs) tally.recount();
  let atMost = 0;
  await exhaust(gpu, name, {
    seed, firstGroup: groups.first, groups: groups.count,
    // on a software GPU a second, on others a fraction of one
    groupsAtOnce: gpu.about.fallback ? 128 : 4096,
    onGroups(findings, first) {
      for (const found of findings) {
        tally.addCounts(found);
        if (pairs) tally.addDrawn(found.regular, found.outside);
        const operands = (three: readonly [number, number, number]): readonly number[] => (pairs ? three.slice(0, 2) : three.slice(0, 1));
        if (found.regular > 0) {
          tally.consider(operands(found.worst), found.worst[2]);
          atMost = Math.max(atMost, agreed(name, found, operands(found.worst)));
        }
        if (found.outside + found.special > 0) tally.consider(operands(found.firstOutside), found.firstOutside[2]);
        if (found.beyond > 0) tally.consider(operands(found.firstBeyond), found.firstBeyond[2]);
      }
      onShare((first - groups.first + findings.length) / groups.count);
    },
  });
  if (!pairs && groups.count === groupsOfAll) tally.markAll(atMost);
}

/** The error that no result of the group exceeds, in the units of judge.ts. Throws where f64 finds another for the operands that the device names. */
function agreed(name: JudgedOnDevice, { error, worst: [, , result] }: GroupFindings, operands: readonly number[]): number {
  const verdict = judge(name, operands.map(floatOf), floatOf(result));
  const absolute = name === 'tanh' ? tanhAbsolute : name === 'log' && verdict.allowed === 1 ? logAbsolute : undefined;
  const unit = absolute === undefined ? 2 ** -12 : 2 ** -31 / absolute;
  const own = error * unit;
  if (error === 0xffffffff) return Infinity;
  // truth.ts and verdict.ts are off by less than 2 units; beside a power of two f64 may take the larger ULP
  const near = (there: number): boolean => Math.abs(there - own) <= 2 * unit;
  if (verdict.class === 'regular' && !near(verdict.error) && !near(2 * verdict.error)) {
    throw new GpuFault('refused', `The integers of this device are wrong: it finds an error of ${own} for ${measuredFunctions[name].text} at ${operands.map((bits) => `0x${bits.toString(16)}`).join(', ')}, which is ${verdict.error}.`);
  }
  return own + 2 * unit;
}
