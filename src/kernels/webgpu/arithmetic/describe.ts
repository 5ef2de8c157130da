/** A record in words: one line for all, a sentence for each function that leaves WGSL's table, and the arithmetic in the units of the bounds. */
import type { Arithmetic } from '../../../numerics/arithmetic.ts';
import { clopperPearsonUpper } from '../../../numerics/clopper-pearson.ts';
import { logAbsolute, measuredFunctions, measuredNames, tanhAbsolute, type MeasuredName } from './functions.ts';
import { floatOf } from './judge.ts';
import { judgeSeen, type ArithmeticRecord, type FunctionRecord, type Seen } from './record.ts';
import { drawn } from './samples.ts';

/** What a sample leaves open is stated with a confidence of 1 − this. */
const alpha = 1e-6;

type Functions = ArithmeticRecord['functions'];

/** The share of operands, as samples.ts draws them, that is outside at most, with a confidence of 1 − 10⁻⁶. */
export function shareOutside({ drawn: { judged, outside } }: FunctionRecord): number {
  return clopperPearsonUpper(judged, outside, alpha);
}

/** `exp 1.2 of 3.4 ULP`: the largest error, and what is allowed there. */
export function worstOf(name: MeasuredName, record: FunctionRecord): string {
  return `${name} ${errorText(name, record.worst)}`;
}

/** All functions in a line. */
export function describeArithmetic({ functions, thorough, measuredAt }: ArithmeticRecord): string {
  const outside = measuredNames.filter((name) => functions[name].outside > 0);
  const verdict = outside.length === 0 ? 'within WGSL’s table' : `${outside.join(', ')} outside WGSL’s table`;
  const share = Math.max(...measuredNames.filter((name) => !functions[name].all).map((name) => shareOutside(functions[name])));
  const all = measuredNames.filter((name) => functions[name].all);
  const how = `${all.length === 0 ? '' : `all operands of ${all.join(', ')}; `}of ${all.length === 0 ? 'samples' : 'the others samples'}, at most ${share.toPrecision(2)} of what was drawn is outside (confidence 1 − 10⁻⁶ each)`;
  return `${verdict}: ${measuredNames.map((name) => worstOf(name, functions[name])).join(', ')}; ${how}; ${thorough ? 'thorough' : 'quick'}, ${measuredAt.slice(0, 10)}`;
}

/** What a driver does that WGSL does not allow, or that the bounds do not expect: a sentence each. */
export interface Complaint {
  readonly name: MeasuredName;
  readonly text: string;
  /** The bounds do not hold for what uses the function: a claim that fails may be the driver's fault. */
  readonly excuses: boolean;
}

/** The complaints about an adapter; empty where it keeps to WGSL's table and to what the bounds assume. */
export function complaintsOf(functions: Functions): Complaint[] {
  return measuredNames.flatMap((name) => {
    const { outside, beyond, outsideAt, beyondAt, special, specials } = functions[name];
    const complaints: Complaint[] = [];
    const rounded = ['add', 'subtract', 'multiply', 'fma'].includes(name);
    if (outside > 0 && outsideAt !== undefined) {
      const meaning = beyond > 0 ? 'the bounds of wgsl-f32 do not cover it, so that a claim which fails may be the driver’s fault and not the kernel’s' : 'what the bounds of wgsl-f32 assume holds for all that was measured, so that a claim which fails is the kernel’s fault';
      complaints.push({ name, excuses: beyond > 0, text: `${measuredFunctions[name].text} leaves WGSL’s accuracy table: ${seenText(name, beyondAt ?? outsideAt)}, ${errorText(name, beyondAt ?? outsideAt)} (${measuredFunctions[name].allowance}); ${countText(functions[name], outside)}; ${meaning}` });
    } else if (beyond > 0 && beyondAt !== undefined) {
      const how = rounded ? 'is not rounded to nearest, which WGSL allows and the bounds of wgsl-f32 do not' : 'is off by more than the bounds of wgsl-f32 assume';
      complaints.push({ name, excuses: true, text: `${measuredFunctions[name].text} ${how}: ${seenText(name, beyondAt)}, ${errorText(name, beyondAt)}; ${countText(functions[name], beyond)}; a claim which fails may be the driver’s fault and not the kernel’s` });
    }
    if (special > 0) {
      complaints.push({ name, excuses: true, text: `${measuredFunctions[name].text} treats what is no number unlike IEEE 754, which WGSL lets a driver do: ${specials.slice(0, 3).map((seen) => seenText(name, seen)).join('; ')}; a claim about such inputs that fails may be the driver’s fault and not the kernel’s` });
    }
    return complaints;
  });
}

/** The table for people: a line for each function. */
export function tableOf({ functions }: ArithmeticRecord): string[] {
  const rows = measuredNames.map((name) => {
    const record = functions[name];
    const { all, judged, outside, beyond, kept, zeroed, atMost } = record;
    const share = all ? '' : `≤ ${shareOutside(record).toPrecision(2)} of ${drawn[name]}`;
    const subnormal = kept === 0 && zeroed === 0 ? '' : zeroed === 0 ? 'kept' : kept === 0 ? 'zero' : 'some zero';
    const worst = record.outsideAt ?? record.worst;
    return [measuredFunctions[name].text, measuredFunctions[name].allowance, errorText(name, worst), atMost === undefined ? '' : `≤ ${scaledText(name, worst, atMost)}`, seenText(name, worst), all ? 'all' : judged.toLocaleString('en-US'), String(outside), String(beyond), String(record.special), subnormal, share];
  });
  const titles = ['function', 'WGSL allows', 'worst', 'proved', 'at', 'judged', 'outside', 'beyond the bounds', 'special', 'subnormals', 'share outside, confidence 1 − 10⁻⁶'];
  const widths = titles.map((title, k) => Math.max(title.length, ...rows.map((row) => row[k]!.length)));
  return [titles, ...rows].map((row) => row.map((text, k) => text.padEnd(widths[k]!)).join('  ').trimEnd());
}

/**
 * What the measurements say in the units of `Arithmetic`: u = 2⁻²⁴, of which an ULP is at most 2. Of exp the constant is that of |x| ≤ 1 and the slope the least that covers the worst of every binade. Not what bounds use: a sample
 * proves nothing about what was not drawn.
 */
export function measuredUnits(functions: Functions): Pick<Arithmetic, 'exp' | 'log' | 'inverseSqrt' | 'tanh' | 'flushToZero'> & { readonly division: number; readonly sqrt: number } {
  const units = (name: MeasuredName): number => 2 * judgeSeen(name, functions[name].worst).error;
  const exps = functions.exp.binades.map((seen) => ({ x: Math.abs(floatOf(seen.operands[0]!)), units: 2 * judgeSeen('exp', seen).error }));
  const constant = Math.max(0, ...exps.filter(({ x }) => x <= 1).map((one) => one.units));
  const slope = Math.max(0, ...exps.filter(({ x }) => x > 1).map((one) => (one.units - constant) / 2 ** Math.floor(Math.log2(one.x))));
  const log = judgeSeen('log', functions.log.worst);
  return {
    exp: { constant, slope },
    log: { relative: log.allowed === 1 ? 0 : 2 * log.error, absolute: log.allowed === 1 ? log.error * logAbsolute : 0 },
    inverseSqrt: units('inverseSqrt'),
    tanh: { relative: 0, absolute: judgeSeen('tanh', functions.tanh.worst).error * tanhAbsolute },
    division: Math.max(units('reciprocal'), units('divide')),
    sqrt: units('sqrt'),
    flushToZero: measuredNames.some((name) => functions[name].zeroed > 0),
  };
}

function countText({ all, drawn: { judged, outside }, judged: everything }: FunctionRecord, count: number): string {
  if (all) return `${count.toLocaleString('en-US')} of all its operands`;
  return outside > 0 ? `${outside.toLocaleString('en-US')} of ${judged.toLocaleString('en-US')} random samples` : `${count.toLocaleString('en-US')} of ${everything.toLocaleString('en-US')} operands`;
}

function seenText(name: MeasuredName, { operands, result }: Seen): string {
  const text = ['a', 'b', 'c'].slice(0, operands.length).reduce((sum, operand, k) => sum.replace(new RegExp(`\\b${operand}\\b`), short(floatOf(operands[k]!))), measuredFunctions[name].wgsl);
  return `${text} = ${short(floatOf(result))} (${operands.map(hex).join(', ')} → ${hex(result)})`;
}

function errorText(name: MeasuredName, seen: Seen): string {
  const { error, allowed } = judgeSeen(name, seen);
  const absolute = absoluteUnit(name, allowed);
  if (!Number.isFinite(error)) return `no number where ${absolute === undefined ? `${figure(allowed)} ULP are` : `${absolute.toPrecision(2)} is`} allowed`;
  return absolute === undefined ? `${figure(error)} of ${figure(allowed)} ULP` : `${(error * absolute).toPrecision(2)} of ${absolute.toPrecision(2)}`;
}

function scaledText(name: MeasuredName, seen: Seen, error: number): string {
  const absolute = absoluteUnit(name, judgeSeen(name, seen).allowed);
  return absolute === undefined ? `${figure(error)} ULP` : (error * absolute).toPrecision(2);
}

function absoluteUnit(name: MeasuredName, allowed: number): number | undefined {
  return name === 'tanh' ? tanhAbsolute : name === 'log' && allowed === 1 ? logAbsolute : undefined;
}

const figure = (value: number): string => (value >= 1e6 ? value.toExponential(1) : value.toFixed(2));
const short = (value: number): string => String(Number(value.toPrecision(9)));
const hex = (bits: number): string => `0x${bits.toString(16).padStart(8, '0')}`;
