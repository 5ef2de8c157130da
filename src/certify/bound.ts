/**
 * A bound as a certificate writes it: in decimal, for people, and as a hexadecimal float (C's %a, Python's float.hex), which no reader can
 * round. Both denote the same f64: the decimal is the shortest that parses to it.
 */
import { z } from 'zod';

import { PlumblineError } from '../errors.ts';

const hexadecimal = /^(-?)0x([01])(?:\.([0-9a-f]{1,13}))?p([+-]\d{1,4})$/;

export const boundSchema = z.strictObject({
  decimal: z.string().regex(/^-?\d+(\.\d+)?(e[+-]\d+)?$/, 'is a decimal number'),
  hex: z.string().regex(hexadecimal, 'is a hexadecimal float such as 0x1.8p+0'),
  /** The direction of every rounding on the way to it. */
  rounded: z.enum(['up', 'down']),
}).refine(({ decimal, hex }) => Object.is(Number(decimal), fromHexFloat(hex)), 'the decimal and the hexadecimal bound are different numbers');
export type Bound = z.infer<typeof boundSchema>;

/** The bound of a claim `<=` (rounded up) or `>=` (rounded down). Throws `bad-tensor` for a number that is not finite: it bounds nothing. */
export function boundOf(value: number, rounded: Bound['rounded']): Bound {
  if (!Number.isFinite(value)) throw new PlumblineError('bad-tensor', `${value} is no bound.`, 'Make no claim where there is none, and say so in notClaimed.');
  const positive = value === 0 ? 0 : value; // −0 is 0
  return { decimal: String(positive), hex: toHexFloat(positive), rounded };
}

/** The number that a bound denotes. */
export function numberOf(bound: Bound): number {
  return fromHexFloat(bound.hex);
}

const words = new DataView(new ArrayBuffer(8));

/** 1.5 as '0x1.8p+0'; subnormals as '0x0.…p-1022'. */
export function toHexFloat(value: number): string {
  words.setFloat64(0, value);
  const bits = words.getBigUint64(0);
  const biased = Number((bits >> 52n) & 0x7ffn);
  const digits = (bits & 0xfffffffffffffn).toString(16).padStart(13, '0').replace(/0+$/, '');
  const exponent = value === 0 ? 0 : biased === 0 ? -1022 : biased - 1023;
  return `${value < 0 ? '-' : ''}0x${biased === 0 ? 0 : 1}${digits === '' ? '' : `.${digits}`}p${exponent < 0 ? '-' : '+'}${Math.abs(exponent)}`;
}

/** The f64 of a hexadecimal float in the form of `toHexFloat`; NaN for any other text. */
export function fromHexFloat(text: string): number {
  const match = hexadecimal.exec(text);
  if (match === null) return Number.NaN;
  const [, sign, leading, digits = '', exponent] = match;
  const significand = Number(`0x${leading}${digits.padEnd(13, '0')}`); // < 2⁵³, exact
  const power = Number(exponent);
  const value = significand * 2 ** -52 * 2 ** Math.trunc(power / 2) * 2 ** (power - Math.trunc(power / 2));
  return value < Infinity && toHexFloat(value) === text.replace(/^-/, '') ? (sign === '-' ? -value : value) : Number.NaN;
}
