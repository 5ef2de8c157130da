/**
 * The shader that judges 2¹⁶ results a workgroup. Errors are in units of 2⁻¹² ULP (FIXED: of 2⁻³¹), d = ⌊|Y − M|/2²⁷⌋ of Q62 at the exponent of the truth, where an ULP is 2³⁹; M is rounded down by less than 1 and off by
 * `slack`/2 + 1 ≤ 2¹⁷, so that an error is below d + 2. A result is outside where |Y − M| − slack exceeds what is allowed, rounded up to whole units: that is certain. It is `beyond` where that exceeds what the bounds assume of
 * `wgsl-f32`, A·u·M with A in units of 2⁻⁸, rounded up. As in judge.ts a subnormal result may be zero, an infinity stands for all beyond the largest number, and the larger ULP counts.
 */
import { arithmeticPresets } from '../../../numerics/arithmetic.ts';
import { logAbsolute, measuredFunctions, sqrtRelative, tanhAbsolute } from './functions.ts';
import { truthOf, type JudgedOnDevice } from './truth.ts';

/** Results that a workgroup judges. */
export const resultsPerGroup = 2 ** 16;
/** Words that it tells of them: `Found`, in the order of its fields. */
export const wordsPerGroup = 16;
const lanes = 256;
const unitsPerUlp = 2 ** 12;

const allowances: Readonly<Record<JudgedOnDevice, string>> = {
  exp: `let p = parts_of(x & 0x7fffffffu); return ${3 * unitsPerUlp}u + (shr64(vec2u(0u, p.mantissa), u32(42 - min(p.e, 6))).x) + 1u;`, // 2·|x|·2¹² = μ·2^(e−10)
  log: `if (x >= 0x3f000000u && x <= 0x40000000u) { return ${logAbsolute * 2 ** 31}u; } return ${3 * unitsPerUlp}u;`,
  tanh: `return ${Math.ceil(tanhAbsolute * 2 ** 31)}u;`,
  inverseSqrt: `return ${2 * unitsPerUlp}u;`,
  // relative: a truth of m·2^e, m in [1, 2), has m·2²³ ULP; m is cut to 15 bits after the point, which takes less than 2 units
  sqrt: `return (((m.y >> 16u) * ${Math.ceil(sqrtRelative * 2 ** 33)}u) >> 13u) + 3u;`,
  reciprocal: `return ${2.5 * unitsPerUlp}u;`,
  divide: `return ${2.5 * unitsPerUlp}u;`,
};

const preset = arithmeticPresets['wgsl-f32']!;
const inSteps = (units: number): string => `${Math.ceil(256 * units)}u`;

/** A: in units of 2⁻⁸ u. Of errors that are absolute WGSL's table and the preset are the same, or the preset is larger. */
const assumed: Readonly<Record<JudgedOnDevice, string>> = {
  exp: `let p = parts_of(x & 0x7fffffffu); return ${inSteps(preset.exp.constant)} + ((shr64(vec2u(0u, p.mantissa), u32(47 - min(p.e, 6))).x) + 1u) * ${Math.ceil(preset.exp.slope)}u;`, // |x|·2⁸ = μ·2^(e−15)
  log: `return ${inSteps(preset.log.relative)};`,
  tanh: 'return 0u;',
  inverseSqrt: `return ${inSteps(preset.inverseSqrt)};`,
  sqrt: `return ${inSteps(preset.inverseSqrt + preset.division.perEntry + preset.division.perLine)};`,
  reciprocal: `return ${inSteps(Math.max(preset.division.perEntry, preset.division.perLine))};`,
  divide: `return ${inSteps(Math.max(preset.division.perEntry, preset.division.perLine))};`,
};

const judging = /* wgsl */ `
struct Verdict { error: u32, outside: bool, beyond: bool, kind: u32 }
const REGULAR = 0u; const FLUSHED = 1u; const KEPT = 2u; const UNJUDGED = 3u; const WRONG = 4u; const SPECIAL = 5u;
const WORST = 0xffffffffu;
fn units_of(d: vec2u, shift: u32) -> u32 {
  let units = shr64(d, shift);
  return select(units.x, WORST, units.y != 0u);
}
fn exceeds(d: vec2u, slack: u32, allowed: u32, shift: u32) -> bool {
  let limit = add64(shl64(vec2u(allowed, 0u), shift), vec2u(slack, 0u));
  return less64(limit, d);
}
// y in units of 2^-place for an exponent of e, rounded down; all bits set where that is more than 64 bits
fn scaled(y: u32, place: i32) -> vec2u {
  let size = y & 0x7fffffffu;
  let e = select(i32(size >> 23u) - 127, -126, size < 0x800000u);
  let mantissa = select((size & 0x7fffffu) | 0x800000u, size, size < 0x800000u);
  let shift = e - 23 + place;
  if (mantissa == 0u || shift < -32) { return vec2u(0u); }
  if (shift > 40) { return vec2u(WORST); }
  return select(shl64(vec2u(mantissa, 0u), u32(shift)), vec2u(mantissa >> u32(-shift), 0u), shift < 0);
}
fn judged(t: Truth, y: u32, x: u32, by: u32) -> Verdict {
  let size = y & 0x7fffffffu;
  if (t.kind == FREE) { return Verdict(0u, false, false, UNJUDGED); }
  if (t.kind == NOT) { return Verdict(0u, size <= 0x7f800000u, false, SPECIAL); }
  if (t.kind == INFINITE) { return Verdict(0u, y != 0x7f800000u, y != 0x7f800000u, REGULAR); }
  if (size > 0x7f800000u) { return Verdict(WORST, true, true, WRONG); }
  let same = t.negative == (y >> 31u);
  let allowed = allowance(x, t.m);
  if (t.kind == FIXED) {
    if (size > 0x43000000u) { return Verdict(WORST, true, true, WRONG); }
    let there = scaled(y, 56);
    let d = distance(there, t.m, same);
    let outside = exceeds(d, t.slack + 1u, allowed, 25u);
    return Verdict(units_of(d, 25u), outside, outside, REGULAR);
  }
  if (is_subnormal(x) && size == 0u && t.e < -60) { return Verdict(0u, false, false, FLUSHED); }
  let e = max(t.e, -126);
  let m = shr64(t.m, 1u + u32(min(e - t.e, 70)));
  let slack = (t.slack >> 1u) + 2u;
  let limit = shl64(vec2u(allowed, 0u), 27u);
  var there = scaled(y, 62 - e);
  if (size == 0x7f800000u) {
    // for the largest number, and for all beyond it
    let largest = scaled(0x7f7fffffu, 62 - e);
    if (!same || t.e < 120) { return Verdict(WORST, true, true, WRONG); }
    if (t.e > 127 || less64(largest, add64(m, limit))) { return Verdict(0u, false, false, UNJUDGED); }
    there = largest;
  }
  let d = distance(there, m, same || size == 0u);
  let outside = exceeds(d, slack, allowed, 27u);
  if (t.e > 127) { return Verdict(0u, outside, outside, UNJUDGED); }
  let normal = vec2u(0u, 0x40000000u); // 2⁻¹²⁶ where e is −126
  if (e == -126 && size == 0u && less64(m, add64(normal, limit))) { return Verdict(0u, false, false, select(FLUSHED, UNJUDGED, less64(m, vec2u(0u, 0x80u)))); }
  // u·m, 39 bits, by A, below 2²⁰; 3: what the shifts and the slack of m take from it
  let unit = shr64(m, 24u);
  let steps = assumed(x);
  let product = add64(mul32(unit.x, steps), vec2u(0u, unit.y * steps));
  var most = add64(shr64(product, 8u), vec2u((steps >> 8u) + slack + 3u, 0u));
  if (t.e < -126) { most = add64(most, normal); }
  return Verdict(units_of(d, 27u), outside, less64(most, d), select(REGULAR, KEPT, t.e < -126));
}
fn distance(a: vec2u, b: vec2u, same: bool) -> vec2u {
  if (!same) {
    let sum = add64(a, b);
    return select(sum, vec2u(WORST), less64(sum, a));
  }
  return select(sub64(a, b), sub64(b, a), less64(a, b));
}
`;

/** WGSL, for uniforms of the first workgroup and a seed. */
export function judgingShader(name: JudgedOnDevice): string {
  const two = measuredFunctions[name].operands === 2;
  return `${truthOf(name)}
fn allowance(x: u32, m: vec2u) -> u32 { ${allowances[name]} }
fn assumed(x: u32) -> u32 { ${assumed[name]} }
${judging}
struct Found { error: u32, x: u32, y: u32, result: u32, outside: u32, outside_x: u32, outside_y: u32, outside_result: u32, regular: u32, flushed: u32, kept: u32, special: u32, beyond: u32, beyond_x: u32, beyond_y: u32, beyond_result: u32 }
struct Task { first: u32, seed: u32 }
@group(0) @binding(0) var<uniform> task: Task;
@group(0) @binding(1) var<storage, read_write> found: array<Found>;
var<workgroup> errors: array<u32, ${lanes}>;
var<workgroup> places: array<u32, ${lanes}>;
var<workgroup> first: atomic<u32>;
var<workgroup> first_beyond: atomic<u32>;
var<workgroup> first_special: atomic<u32>;
var<workgroup> beyond: atomic<u32>;
var<workgroup> outside: atomic<u32>;
var<workgroup> regular: atomic<u32>;
var<workgroup> flushed: atomic<u32>;
var<workgroup> kept: atomic<u32>;
var<workgroup> special: atomic<u32>;
fn mixed(value: u32) -> u32 {
  var h = value ^ (value >> 16u);
  h *= 0x85ebca6bu;
  h = (h ^ (h >> 13u)) * 0xc2b2ae35u;
  return h ^ (h >> 16u);
}
fn operands_of(at: u32) -> vec2u {
  ${two ? drawnPairs : 'return vec2u(at, 0u);'}
}
fn measured(x: u32, y: u32) -> u32 {
  let a = bitcast<f32>(x);
  let b = bitcast<f32>(y);
  return bitcast<u32>(${measuredFunctions[name].wgsl});
}
@compute @workgroup_size(${lanes})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let begin = (task.first + group.x) << 16u;
  var error = 0u;
  var place = lane;
  if (lane == 0u) {
    atomicStore(&first, 0xffffu);
    atomicStore(&first_beyond, 0xffffu);
    atomicStore(&first_special, 0xffffu);
  }
  workgroupBarrier();
  for (var i = 0u; i < ${resultsPerGroup / lanes}u; i++) {
    let at = i * ${lanes}u + lane;
    let given = operands_of(begin + at);
    let v = judged(truth(given.x, given.y), measured(given.x, given.y), given.x, given.y);
    if (v.outside && v.kind != SPECIAL) {
      atomicMin(&first, at);
      atomicAdd(&outside, 1u);
    }
    if (v.beyond) {
      atomicMin(&first_beyond, at);
      atomicAdd(&beyond, 1u);
    }
    if (v.outside && v.kind == SPECIAL) {
      atomicMin(&first_special, at);
      atomicAdd(&special, 1u);
    }
    if (v.kind == REGULAR || v.kind == WRONG) {
      atomicAdd(&regular, 1u);
      if (v.error > error) {
        error = v.error;
        place = at;
      }
    }
    if (v.kind == FLUSHED) { atomicAdd(&flushed, 1u); }
    if (v.kind == KEPT) { atomicAdd(&kept, 1u); }
  }
  errors[lane] = error;
  places[lane] = place;
  workgroupBarrier();
  if (lane != 0u) { return; }
  for (var k = 1u; k < ${lanes}u; k++) {
    if (errors[k] > error || (errors[k] == error && places[k] < place)) {
      error = errors[k];
      place = places[k];
    }
  }
  let worst = operands_of(begin + place);
  let out = operands_of(begin + select(atomicLoad(&first), atomicLoad(&first_special), atomicLoad(&outside) == 0u));
  let more = operands_of(begin + atomicLoad(&first_beyond));
  found[group.x] = Found(error, worst.x, worst.y, measured(worst.x, worst.y), atomicLoad(&outside), out.x, out.y, measured(out.x, out.y), atomicLoad(&regular), atomicLoad(&flushed), atomicLoad(&kept), atomicLoad(&special),
    atomicLoad(&beyond), more.x, more.y, measured(more.x, more.y));
}
`;
}

// x, y and their quotient are normal: where an exponent of x would not be, the quotient is near 1
const drawnPairs = /* wgsl */ `
  let first = mixed(at ^ task.seed);
  let second = mixed(first + 0x9e3779b9u);
  let third = mixed(second + 0x9e3779b9u);
  let of_y = 1u + (third & 0xffffu) % 252u;
  let of_quotient = 3u + (third >> 16u) % 250u;
  var of_x = i32(of_y + of_quotient) - 127;
  if (of_x < 1 || of_x > 254) { of_x = i32(of_y); }
  return vec2u((first & 0x807fffffu) | (u32(of_x) << 23u), (second & 0x807fffffu) | (of_y << 23u));`;
