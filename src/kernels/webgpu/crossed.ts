/** Sinkhorn for n = 4 by cross ratios: what forward and backward share, in WGSL. What it is and why it may be done stands in sinkhorn-four.ts. */
import type { SinkhornDialect } from '../../operations/sinkhorn/dialect.ts';

export const lines = [0, 1, 2, 3] as const;
export const others = [1, 2, 3] as const;

/** By which of the three ways of the header a dialect is computed. */
export function waysOf(dialect: SinkhornDialect): 'with-epsilon' | 'free' | 'plain' {
  if (dialect.iterations < 3) return 'plain';
  if (epsilonInRange(dialect) && dialect.divisor === 'add') return 'with-epsilon';
  return dialect.epsilon === 0 ? 'free' : 'plain';
}

export function epsilonInRange({ start, epsilonInStart, epsilon, iterations }: SinkhornDialect): boolean {
  return start === 'softmax' && epsilonInStart && epsilon >= 2 ** -27 && iterations * epsilon <= 2 ** -4;
}

/** The names of cross ratios; those of the first line and place are 1. */
export const k = (line: number, place: number): string => `k${line}${place}`;

/**
 * s0 … s3, the sums over places of k·v (or over lines of k·u), each begun with what has no factor. They grow together, one factor after the other: multiply-adds in a row that share a factor read it once, and registers, not
 * operations, are what an H200 is short of (a multiply-add of three registers takes 1.4 issue slots, one that shares a factor with the one before 1.05).
 */
export function sums(of: 'u' | 'v', first: string): string {
  const ratio = (sum: number, other: number): string => (of === 'v' ? k(sum, other) : k(other, sum));
  const added = others.map((other) => `${others.map((sum) => `s${sum} = fma(${ratio(sum, other)}, ${of}${other}, s${sum});`).join(' ')} s0 += ${of}${other};`);
  return `${lines.map((sum) => `var s${sum} = ${first};`).join(' ')} ${added.join(' ')}`;
}

/** Whether the logits `l` are so close to each other that no sum leaves the range. False for what is no number. */
export function isNarrow({ temperature }: SinkhornDialect): string {
  return `dot(l[0], l[0]) + dot(l[1], l[1]) + (dot(l[2], l[2]) + dot(l[3], l[3])) <= 64.0${temperature === 1 ? '' : ' * temperature * temperature'}`;
}

/** The cross ratios and where u0 … u3 and v0 … v3 begin, of `a`: the start with ε, from which r0 … r3 and c0 … c3 begin too, or the logits. Without ε the first half-step makes u. */
export function crossedStart(dialect: SinkhornDialect): string {
  if (waysOf(dialect) === 'with-epsilon') {
    return `  var r0 = 1.0 / a[0].x; ${others.map((line) => `var r${line} = 1.0 / a[${line}].x;`).join(' ')}
  var u0 = a[0].x; ${others.map((line) => `var u${line} = a[${line}].x;`).join(' ')}
  var v0 = 1.0; ${others.map((place) => `var v${place} = a[0][${place}] * r0;`).join(' ')}
  var c0 = 1.0; ${others.map((place) => `var c${place} = 1.0 / v${place};`).join(' ')}
  ${others.map((line) => others.map((place) => `let ${k(line, place)} = (a[${line}][${place}] * r${line}) * c${place};`).join(' ')).join('\n  ')}`;
  }
  const l = (line: number, place: number): string => `l[${line}][${place}]`;
  return `  let l = ${dialect.temperature === 1 ? 'a' : `mat4x4f(${lines.map((line) => `a[${line}] / temperature`).join(', ')})`};
  ${others.map((place) => `let d${place} = ${l(0, place)} - ${l(0, 0)};`).join(' ')}
  ${others.map((line) => others.map((place) => `let ${k(line, place)} = exp((${l(line, place)} - ${l(line, 0)}) - d${place});`).join(' ')).join('\n  ')}
  var u0 = 1.0; var u1 = 1.0; var u2 = 1.0; var u3 = 1.0;
  var v0 = 1.0; ${others.map((place) => `var v${place} = exp(d${place});`).join(' ')}`;
}
