/**
 * What is measured of an adapter's f32 arithmetic, and what WGSL allows of it (§15.7.4 "Floating point accuracy"), in ULP of the true result or absolute. Where the bounds of `wgsl-f32` assume more than
 * WGSL promises, that is written down as `assumed`: WGSL lets + − × round either way ("correctly rounded" there is one of the two neighbours), the bounds need the nearer.
 */
export const measuredNames = ['exp', 'log', 'tanh', 'inverseSqrt', 'sqrt', 'reciprocal', 'divide', 'add', 'subtract', 'multiply', 'fma'] as const;
export type MeasuredName = (typeof measuredNames)[number];

export interface MeasuredFunction {
  readonly name: MeasuredName;
  /** Operands. Those of one operand are measured for all of them, those of more on samples. */
  readonly operands: 1 | 2 | 3;
  /** In WGSL, of the operands `a`, `b`, `c`. */
  readonly wgsl: string;
  /** For people. */
  readonly text: string;
  /** What WGSL allows, for people. */
  readonly allowance: string;
}

const of = (name: MeasuredName, operands: 1 | 2 | 3, wgsl: string, allowance: string, text = wgsl.replace('a', 'x').replace('b', 'y').replace('c', 'z')): MeasuredFunction => ({ name, operands, wgsl, text, allowance });

export const measuredFunctions: Readonly<Record<MeasuredName, MeasuredFunction>> = {
  exp: of('exp', 1, 'exp(a)', '3 + 2·|x| ULP', 'exp(x)'),
  log: of('log', 1, 'log(a)', '3 ULP, or 2⁻²¹ on [0.5, 2]'),
  tanh: of('tanh', 1, 'tanh(a)', '10⁻⁵', 'tanh(x)'),
  inverseSqrt: of('inverseSqrt', 1, 'inverseSqrt(a)', '2 ULP', 'inverseSqrt(x)'),
  sqrt: of('sqrt', 1, 'sqrt(a)', 'as 1 / inverseSqrt(x)'),
  reciprocal: of('reciprocal', 1, '1.0 / a', '2.5 ULP', '1 / x'),
  divide: of('divide', 2, 'a / b', '2.5 ULP'),
  add: of('add', 2, 'a + b', 'either neighbour'),
  subtract: of('subtract', 2, 'a - b', 'either neighbour'),
  multiply: of('multiply', 2, 'a * b', 'either neighbour'),
  fma: of('fma', 3, 'fma(a, b, c)', 'as x·y + z', 'fma(x, y, z)'),
};

/** log and tanh are allowed absolute errors; that of log on [½, 2] alone. */
export const logAbsolute = 2 ** -21;
export const tanhAbsolute = 1e-5;

/**
 * The error of √x relative to it that WGSL allows, as 1 / inverseSqrt(x): 2 ULP of an inverse root and 2.5 of a quotient, each ULP at most 2⁻²³ of its value:
 * 1/((1 − 2·2⁻²³))·(1 + 2.5·2⁻²³) − 1 < 4.5·2⁻²³ + 2⁻⁴¹.
 */
export const sqrtRelative = 4.5 * 2 ** -23 + 2 ** -41;

/** ULP that WGSL allows a function at these operands; those of log and tanh that are absolute, and of √, are not here. */
export function allowedUlps(name: MeasuredName, x: number): number {
  switch (name) {
    case 'exp':
      return 3 + 2 * Math.abs(x);
    case 'log':
      return 3;
    case 'inverseSqrt':
      return 2;
    case 'reciprocal':
    case 'divide':
      return 2.5;
    default:
      return 1;
  }
}
