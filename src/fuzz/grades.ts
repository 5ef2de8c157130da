/** Numbers in grades: coarse enough that there are few of them, fine where kernels change their way. */

/** Ranges at which exponentials of f32 lose a term beside the largest (2⁻²⁴), become subnormal and vanish. */
const ends = [16.635532, 87.33654, 103.97208] as const;

/** The sort of a line by the range of its numbers: one number, near, apart, or beyond an end of the exponential. */
export function lineClass(range: number): number {
  if (!(range > 0)) return 0;
  if (range < 1) return 1;
  return 2 + (range > ends[0] ? 1 : 0) + (range > ends[1] ? 1 : 0) + (range > ends[2] ? 1 : 0);
}

/** How many lines of each sort, at most three counted: 12 bits, whatever their order. Adds a line to those counted before. */
export function withLine(counted: number, sort: number): number {
  return ((counted >>> (2 * sort)) & 3) === 3 ? counted : counted + (1 << (2 * sort));
}

/** 0 to 8 as they are, then half octaves. */
export function few(count: number): number {
  return count <= 8 ? count : 3 + Math.floor(2 * Math.log2(count));
}

/** Halves up to 128, where exponentials of f32 end, then octaves. */
export function bucket(range: number): number {
  if (!(range >= 0)) return 4095;
  return range < 128 ? Math.ceil(2 * range) : Math.min(4094, 256 + Math.ceil(4 * Math.log2(range / 128)));
}

/** Octaves of a range's bucket. */
export function coarseRange(range: number): number {
  return range === 0 ? 0 : 1 + (31 - Math.clz32(range)) + (range > 256 ? 1 : 0);
}

/** Of lines counted by their sort, those of one number and those beyond the ends of the exponential. */
export function endSorts(sorts: number): number {
  return (sorts & 3) + 4 * Math.min(3, ((sorts >>> 8) & 3) + ((sorts >>> 10) & 3));
}

/** How far a sum is from 1, in quarters of an octave, with its side. */
export function deviation(sum: number): number {
  const off = Math.abs(sum - 1);
  if (!(off < Infinity)) return 999;
  return off < 2 ** -24 ? 0 : (sum < 1 ? -1 : 1) * Math.ceil(4 * (25 + Math.log2(off)));
}

/** Bits of a word that are set. */
export function setBits(word: number): number {
  let count = 0;
  for (let left = word; left !== 0; left &= left - 1) count++;
  return count;
}
