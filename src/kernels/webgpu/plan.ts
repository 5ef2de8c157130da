/**
 * A kernel as it is run: named buffers, and passes over them. What depends on the sizes is in the plan, not in the device, so that one runner serves all kernels: it cuts the tokens into parts whose
 * buffers fit into a binding, and the workgroups into rows that fit into a dimension.
 */
import type { Sizes } from '../../operations/operation.ts';

/** How a kernel's tensors are stored. */
export type GpuDtype = 'f32' | 'bf16';

export const bytesOf: Readonly<Record<GpuDtype, number>> = { f32: 4, bf16: 2 };

export interface PlanBuffer {
  readonly role: 'input' | 'output' | 'scratch';
  /** `token`: that many elements for each token; `block`: for each block of `tokensPerBlock` tokens; `call`: in all. */
  readonly per: 'token' | 'block' | 'call';
  readonly elements: number;
  readonly dtype: GpuDtype;
}

/** One shader over all tokens of a part. Binding 0 is the uniform `sizes`: tokens, channels, depth, blocks of the call, n, tokens before the part, layer; the buffers follow. */
export interface PlanPass {
  readonly label: string;
  readonly code: string;
  /** The same, bit for bit, for devices that have subgroups. */
  readonly codeForQuads?: string | undefined;
  /** The same, bit for bit, without loops: quicker, but slow to compile in software. */
  readonly codeWrittenOut?: string | undefined;
  readonly buffers: readonly string[];
  /** Workgroups for so many tokens. */
  readonly groups: (tokens: number) => number;
  /** Whose parameters these are, where a call has those of several sublayers, and whose gradients. Default 0. */
  readonly layer?: number;
}

export interface Plan {
  readonly sizes: Sizes;
  readonly buffers: Readonly<Record<string, PlanBuffer>>;
  readonly passes: readonly PlanPass[];
}

/** Tokens whose contributions to a sum over tokens are added first, whatever the batch is. */
export const tokensPerBlock = 128;

/** Elements of a buffer for so many tokens. */
export function elementsFor(buffer: PlanBuffer, tokens: number): number {
  if (buffer.per === 'call') return buffer.elements;
  return buffer.elements * (buffer.per === 'token' ? tokens : Math.ceil(tokens / tokensPerBlock));
}

/** Bytes of a buffer for so many tokens, padded to what a binding may have. */
export function bytesFor(buffer: PlanBuffer, tokens: number): number {
  return Math.max(16, 16 * Math.ceil((elementsFor(buffer, tokens) * bytesOf[buffer.dtype]) / 16));
}

const alignment = 256; // of offsets into buffers, on every device

/** Whether a buffer holds what one part of the tokens needs on its way, and nothing when that is done: the next part has it again. */
export function isOfPart({ role, per }: PlanBuffer): boolean {
  return role === 'scratch' && per !== 'call';
}

/**
 * The parts into which the tokens are cut: as few as possible whose buffers all fit, each but the last a whole number of blocks and of alignments.
 * Empty where not even the smallest part fits.
 */
export function partsOf(plan: Plan, largestBinding: number): readonly (readonly [from: number, tokens: number])[] {
  const all = plan.sizes.tokens;
  const split = plan.passes.flatMap(({ buffers }) => buffers.map((name) => plan.buffers[name]!));
  const whole = split.filter((buffer) => !isOfPart(buffer));
  const fits = (tokens: number): boolean => split.every((buffer) => bytesFor(buffer, tokens) <= largestBinding);
  if (fits(all)) return [[0, all]];
  const step = whole.reduce((least, { per, elements, dtype }) => lcm(least, per === 'call' ? 1 : (per === 'block' ? tokensPerBlock : 1) * (alignment / gcd(alignment, elements * bytesOf[dtype]))), tokensPerBlock);
  let most = step;
  if (!fits(most)) return [];
  const strides = split.filter(({ per }) => per === 'token').map(({ elements, dtype }) => elements * bytesOf[dtype]);
  most = step * Math.max(1, Math.floor(largestBinding / Math.max(...strides) / step));
  while (most > step && !fits(most)) most -= step;
  return Array.from({ length: Math.ceil(all / most) }, (_, k) => [k * most, Math.min(most, all - k * most)] as const);
}

/** Rows and columns of a dispatch of so many workgroups. The last row may have workgroups too many: shaders return there. */
export function gridOf(groups: number, mostGroups: number): readonly [x: number, y: number] {
  const rows = Math.ceil(groups / mostGroups);
  return [Math.ceil(groups / rows), rows];
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}

function lcm(a: number, b: number): number {
  return (a / gcd(a, b)) * b;
}
