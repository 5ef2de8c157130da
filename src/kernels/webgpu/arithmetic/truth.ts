/**
 * The true value of a function in WGSL, by integers alone (integers.ts): a mantissa of 64 bits, its exponent, and `slack`, how far the truth may be from it in units of the mantissa's last place, in either direction. A NUMBER is
 * ±m·2^(e−63) with the top bit of m set, a FIXED one ±m·2⁻⁵⁶, for functions whose errors are absolute. Q63 is a number in units of 2⁻⁶³. x = μ·2^(e−23) with an integer μ < 2²⁴.
 *
 *   exp   T = ⌊⌊μ·⌊2⁶³·log₂ e⌋/2²⁴⌋/2^(6−e)⌋ is x·log₂ e in Q56, |x| < 128: the constant is off by < 1 and takes < μ·2^(e−30) ≤ 1 from T, the floors < 1 each step, together < 1 + 2⁻⁰: T ≤ |x|·log₂ e·2⁵⁶ < T + 2. For x < 0
 *         −(T + 2) is taken, so that k + f, k whole and f in [0, 1), is below the truth by less than 2 (x ≥ 0: T, the same). 2^f = e^y, y = ⌊f·ln 2⌋ in Q64, below by < 2. Taylor to degree 15 by Horner's rule, every product
 *         and constant rounded down: each step adds < 2 of Q63 and hands on y < 0.694 of the rest, < 7 in all; y's error gives < 2; the remainder is < 0.6932¹⁶/16!·1.05 < 1320; f's error < 2·2⁷·ln 2·2 < 356. Σ < 2¹¹.
 *   log   log₂ μ' bit by bit, μ' = μ scaled to [1, 2) in Q63: squared; where that is 2 or more the bit is 1 and it is halved. A square is rounded down by less than 2 of Q63, relative to at least 1, and an error ε after i bits
 *         changes the logarithm by ε·2⁻ⁱ·log₂ e: < 2·2⁻⁶³·1.443·Σ2⁻ⁱ < 2⁻⁶⁰ in all; what follows bit 56 is < 2⁻⁵⁶: the 56 bits are below the truth by less than 2 of Q56. |log₂ x| = e + bits, or −e − bits − 2; times ln 2 < 1 in
 *         Q64 rounds down by < 2 (constant and product). Σ < 4 of Q56. On [½, 2] that is FIXED; elsewhere |log x| > 0.69, and scaled to the top 4·2⁸.
 *   √     Digit by digit (two bits down, one bit of the root): ⌊√(V·2³²)⌋, exact in integers, of V = μ·2³⁹ or μ·2⁴⁰, whichever makes the exponent even: 48 bits, 1 of the last, 2¹⁶ of the mantissa.
 *   ÷     ⌊μ·2⁴⁸/ν⌋ by long division, exact in integers: 48 or 49 bits, slack ≤ 2¹⁶. 1/x is that of μ = 2²³.
 *   1/√x  √ of ⌊2⁸⁵/μ⌋, which is 1/μ' to 61 bits, off by 2⁻⁶¹ relative: 2¹⁶ + 2² < 2¹⁷. 1/√ of an even power of two is exact.
 *   tanh  (1 − v)/(1 + v), v = e^(−2|x|) in Q63, off by < 2⁻⁵² + 2⁻⁶³; dtanh/dv ≤ 2; both sides are halved, rounding by 2⁻⁶²; 56 bits by long division: Σ < 2⁻⁵¹·1.01 + 2⁻⁵⁶ + 2⁻⁵⁹ < 64 of Q56. From 16 on it is 1, off by 2·e⁻³² < 2¹¹.
 *
 * FREE: zero, infinities, and what WGSL says nothing about; the samples judge these. NOT: no real result, or NaN.
 */
import { integers } from './integers.ts';
import type { MeasuredName } from './functions.ts';

/** Functions that a device can judge itself. */
export const judgedOnDevice = ['exp', 'log', 'tanh', 'inverseSqrt', 'sqrt', 'reciprocal', 'divide'] as const satisfies readonly MeasuredName[];
export type JudgedOnDevice = (typeof judgedOnDevice)[number];

function words(value: bigint): string {
  return `vec2u(${value & 0xffffffffn}u, ${value >> 32n}u)`;
}

const factorials = Array.from({ length: 16 }, (_, k) => Array.from({ length: k }, (__, i) => BigInt(i + 1)).reduce((product, i) => product * i, 1n));
const log2E = 0xb8aa3b295c17f0bbn; // ⌊2⁶³·log₂ e⌋
const ln2 = 0xb17217f7d1cf79abn; // ⌊2⁶⁴·ln 2⌋

const shared = /* wgsl */ `
const NUMBER = 0u; const FIXED = 1u; const NOT = 2u; const INFINITE = 3u; const FREE = 4u;
struct Truth { kind: u32, negative: u32, m: vec2u, e: i32, slack: u32 }
fn of_kind(kind: u32) -> Truth { return Truth(kind, 0u, vec2u(0u), 0, 0u); }
// μ with its top bit at 23, and its exponent
struct Parts { mantissa: u32, e: i32 }
fn parts_of(x: u32) -> Parts {
  let field = (x >> 23u) & 0xffu;
  if (field > 0u) { return Parts((x & 0x7fffffu) | 0x800000u, i32(field) - 127); }
  let shift = countLeadingZeros(x & 0x7fffffu) - 8u;
  return Parts((x & 0x7fffffu) << shift, -126 - i32(shift));
}
fn is_subnormal(x: u32) -> bool { return (x & 0x7f800000u) == 0u && (x & 0x7fffffu) != 0u; }
`;

const exponential = /* wgsl */ `
const taylor = array<vec2u, 16>(${factorials.map((factorial) => words(2n ** 63n / factorial)).join(', ')});
// e^±(μ·2^(e−23)) for e ≤ 6
fn exponential(p: Parts, negative: bool) -> Truth {
  let low = mul32(p.mantissa, ${log2E & 0xffffffffn}u);
  let high = add64(mul32(p.mantissa, ${log2E >> 32n}u), vec2u(low.y, 0u));
  var t = shr64(vec2u((low.x >> 24u) | (high.x << 8u), (high.x >> 24u) | (high.y << 8u)), u32(6 - p.e));
  var k = 0;
  if (negative) {
    t = sub64(vec2u(0u), add64(t, vec2u(2u, 0u)));
    k = -256;
  }
  k += i32(t.y >> 24u);
  let y = mulhi64(vec2u(t.x << 8u, (t.y << 8u) | (t.x >> 24u)), ${words(ln2)});
  var sum = taylor[15];
  for (var i = 14; i >= 0; i--) { sum = add64(mulhi64(y, sum), taylor[i]); }
  return Truth(NUMBER, 0u, sum, k, 2048u);
}
`;

const roots = /* wgsl */ `
// ⌊√(v·2³²)⌋ for v ≥ 2⁶²
fn root48(v: vec2u) -> vec2u {
  var left = v;
  var rest = vec2u(0u);
  var root = vec2u(0u);
  for (var i = 0; i < 48; i++) {
    rest = add64(shl64(rest, 2u), vec2u(left.y >> 30u, 0u));
    left = shl64(left, 2u);
    let trial = add64(shl64(root, 2u), vec2u(1u, 0u));
    root = shl64(root, 1u);
    if (!less64(rest, trial)) {
      rest = sub64(rest, trial);
      root.x |= 1u;
    }
  }
  return root;
}
`;

const quotients = /* wgsl */ `
// ⌊a·2^count/b⌋ for 2²³ ≤ a, b < 2²⁴
fn quotient(a: u32, b: u32, count: u32) -> vec2u {
  var rest = a;
  var q = vec2u(0u);
  if (rest >= b) {
    rest -= b;
    q.x = 1u;
  }
  for (var i = 0u; i < count; i++) {
    rest <<= 1u;
    q = shl64(q, 1u);
    if (rest >= b) {
      rest -= b;
      q.x |= 1u;
    }
  }
  return q;
}
`;

const ratio = /* wgsl */ `
fn ratio(a: Parts, b: Parts, negative: u32) -> Truth {
  let q = quotient(a.mantissa, b.mantissa, 48u);
  let large = q.y >= 0x10000u;
  return Truth(NUMBER, negative, shl64(q, select(16u, 15u, large)), a.e - b.e - select(1, 0, large), 65536u);
}
`;

const one = 'let size = x & 0x7fffffffu; if (size > 0x7f800000u) { return of_kind(NOT); } if (size == 0u || size == 0x7f800000u) { return of_kind(FREE); }';
const positive = `${one} if (x != size) { return of_kind(select(NOT, FREE, is_subnormal(x))); }`; // one that is subnormal may be zero
const asParts = 'let p = parts_of(size);';

const bodies: Readonly<Record<JudgedOnDevice, { readonly helpers: string; readonly body: string }>> = {
  exp: {
    helpers: exponential,
    body: `${one}
  if (size >= 0x43000000u) { if (x == size) { return of_kind(INFINITE); } return Truth(NUMBER, 0u, vec2u(0u, 0x80000000u), -1000, 0u); }
  return exponential(parts_of(size), x != size);`,
  },
  log: {
    helpers: '',
    body: `${positive} if (is_subnormal(x)) { return of_kind(FREE); } ${asParts}
  var m = vec2u(0u, p.mantissa << 8u);
  var bits = vec2u(0u);
  for (var i = 0; i < 56; i++) {
    let square = mulhi64(m, m);
    let big = square.y >= 0x80000000u;
    m = select(shl64(square, 1u), square, big);
    bits = add64(shl64(bits, 1u), vec2u(select(0u, 1u, big), 0u));
  }
  var of_two = add64(vec2u(0u, u32(max(p.e, 0)) << 24u), bits);
  if (p.e < 0) {
    of_two = sub64(vec2u(0u, u32(-p.e) << 24u), bits);
    of_two = select(sub64(of_two, vec2u(2u, 0u)), vec2u(0u), less64(of_two, vec2u(2u, 0u)));
  }
  let value = mulhi64(of_two, ${words(ln2)});
  let negative = select(0u, 1u, p.e < 0);
  if (x >= 0x3f000000u && x <= 0x40000000u) { return Truth(FIXED, negative, value, 0, 4u); }
  let shift = leading64(value);
  return Truth(NUMBER, negative, shl64(value, shift), 7 - i32(shift), 4u << shift);`,
  },
  tanh: {
    helpers: exponential,
    body: `${one}
  let negative = x >> 31u;
  if (size >= 0x41800000u) { return Truth(FIXED, negative, vec2u(0u, 0x1000000u), 0, 2048u); }
  let p = parts_of(size);
  let v = exponential(Parts(p.mantissa, p.e + 1), true);
  let part = shr64(v.m, u32(-v.e));
  let half = vec2u(0u, 0x80000000u);
  var rest = shr64(sub64(half, part), 1u);
  let by = shr64(add64(half, part), 1u);
  var q = vec2u(0u);
  for (var i = 0; i < 56; i++) {
    rest = shl64(rest, 1u);
    q = shl64(q, 1u);
    if (!less64(rest, by)) {
      rest = sub64(rest, by);
      q.x |= 1u;
    }
  }
  return Truth(FIXED, negative, q, 0, 64u);`,
  },
  sqrt: {
    helpers: roots,
    body: `${positive} ${asParts}
  let odd = u32(p.e & 1);
  return Truth(NUMBER, 0u, shl64(root48(shl64(vec2u(p.mantissa, 0u), 39u + odd)), 16u), (p.e - i32(odd)) / 2, 65536u);`,
  },
  inverseSqrt: {
    helpers: roots + quotients,
    body: `${positive} if (is_subnormal(x)) { return of_kind(FREE); } ${asParts}
  let odd = u32(p.e & 1);
  if (p.mantissa == 0x800000u && odd == 0u) { return Truth(NUMBER, 0u, vec2u(0u, 0x80000000u), -p.e / 2, 0u); }
  let root = root48(shl64(quotient(0x800000u, p.mantissa, 62u), 2u - odd));
  return Truth(NUMBER, 0u, shl64(root, 16u), -(p.e + 2 - i32(odd)) / 2, 131072u);`,
  },
  reciprocal: {
    helpers: quotients + ratio,
    body: `${one} if (is_subnormal(x) || size > 0x7e800000u) { return of_kind(FREE); }
  return ratio(Parts(0x800000u, 0), parts_of(size), x >> 31u);`,
  },
  divide: {
    helpers: quotients + ratio,
    body: `let size = x & 0x7fffffffu;
  let by = y & 0x7fffffffu;
  if (size > 0x7f800000u || by > 0x7f800000u) { return of_kind(NOT); }
  if (size == 0u || size == 0x7f800000u || is_subnormal(x) || by < 0x800000u || by > 0x7e800000u) { return of_kind(FREE); }
  return ratio(parts_of(size), parts_of(by), (x ^ y) >> 31u);`,
  },
};

/** WGSL with `fn truth(x: u32, y: u32) -> Truth`, of the bits of its operands. */
export function truthOf(name: JudgedOnDevice): string {
  const { helpers, body } = bodies[name];
  return `${integers}${shared}${helpers}
fn truth(x: u32, y: u32) -> Truth {
  ${body}
}
`;
}
