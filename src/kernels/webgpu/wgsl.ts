/** Pieces of WGSL that kernels share: the frame, how numbers are loaded and stored, reductions in a fixed order. */
import type { GpuDtype } from './plan.ts';

/** A number as a WGSL literal of f32. */
export function literal(value: number): string {
  const rounded = String(Math.fround(value));
  return `${/[.e]/.test(rounded) ? rounded : `${rounded}.0`}f`;
}

/** Repeats a line of WGSL. */
export function each(count: number, line: (k: number) => string, separator = '\n'): string {
  return Array.from({ length: count }, (_, k) => line(k)).join(separator);
}

/** A buffer of a shader. `lanes` reads 16 bytes at a time, `fours` four elements, `items` one element (f32), or a word of two (bf16); `words` are bits. */
export interface Shaped {
  readonly name: string;
  readonly dtype: GpuDtype;
  readonly as: 'lanes' | 'fours' | 'items' | 'words';
  readonly writable?: boolean;
}

/**
 * n in WGSL: a constant for 4, for which loops are to be unrolled; else it is read from the uniform, so that one compilation serves every n (a software GPU takes seconds for each). `most` is what
 * arrays are made for.
 */
export function streamCount(n: number): { readonly n: string; readonly most: number } {
  return n === 4 ? { n: '4u', most: 4 } : { n: 'sizes.n', most: 16 };
}

/** The uniform and the buffers, from binding 0 on, with what loads and stores their elements. */
export function bindings(buffers: readonly Shaped[]): string {
  const declared = buffers.map(({ name, dtype, as, writable }, k) => {
    const element = { 'f32 lanes': 'vec4f', 'bf16 lanes': 'vec4u', 'f32 fours': 'vec4f', 'bf16 fours': 'vec2u', 'f32 items': 'f32', 'bf16 items': 'u32', 'f32 words': 'u32', 'bf16 words': 'u32' }[`${dtype} ${as}` as const];
    return `@group(0) @binding(${k + 1}) var<storage, ${writable === true ? 'read_write' : 'read'}> ${name}: array<${element}>;\n${accessors(name, dtype, as, writable === true)}`;
  });
  const conversions = buffers.some(({ dtype }) => dtype === 'bf16') ? bf16 : '';
  return `struct Sizes { x: u32, y: u32, depth: u32, blocks: u32, n: u32, before: u32, layer: u32 }
@group(0) @binding(0) var<uniform> sizes: Sizes; // x tokens, y channels, before: tokens of the call before this part
${conversions}${declared.join('\n')}`;
}

/** Round to nearest even; what is no number stays none. The lower halves of `rounded` are rubbish. */
const bf16 = /* wgsl */ `
fn rounded(value: vec4f) -> vec4u {
  let bits = bitcast<vec4u>(value);
  return select(bits + 0x7fffu + ((bits >> vec4u(16u)) & vec4u(1u)), bits | vec4u(0x400000u), (bits & vec4u(0x7fffffffu)) > vec4u(0x7f800000u));
}
fn pair_of(a: f32, b: f32) -> u32 {
  let bits = rounded(vec4f(a, b, 0.0, 0.0));
  return (bits.x >> 16u) | (bits.y & 0xffff0000u);
}
fn first_four(w: vec4u) -> vec4f { return bitcast<vec4f>(vec4u(w.x << 16u, w.x & 0xffff0000u, w.y << 16u, w.y & 0xffff0000u)); }
fn last_four(w: vec4u) -> vec4f { return bitcast<vec4f>(vec4u(w.z << 16u, w.z & 0xffff0000u, w.w << 16u, w.w & 0xffff0000u)); }
fn packed_of(a: vec4f, b: vec4f) -> vec4u {
  let x = rounded(a);
  let y = rounded(b);
  return (vec4u(x.x, x.z, y.x, y.z) >> vec4u(16u)) | (vec4u(x.y, x.w, y.y, y.w) & vec4u(0xffff0000u));
}
`;

function accessors(name: string, dtype: GpuDtype, as: Shaped['as'], writable: boolean): string {
  const lanes = dtype === 'f32' ? 1 : 2;
  if (as === 'lanes') {
    const load = dtype === 'f32' ? `array<vec4f, 1>(${name}[at])` : `array<vec4f, 2>(first_four(${name}[at]), last_four(${name}[at]))`;
    const loading = `fn load_${name}(at: u32) -> array<vec4f, ${lanes}> { return ${load}; }`;
    const value = dtype === 'f32' ? 'value[0]' : 'packed_of(value[0], value[1])';
    return writable ? `fn store_${name}(at: u32, value: array<vec4f, ${lanes}>) { ${name}[at] = ${value}; }` : loading;
  }
  if (as === 'words') return '';
  if (as === 'fours') return `fn fours_of_${name}(raw: ${dtype === 'f32' ? 'vec4f' : 'vec2u'}) -> vec4f { return ${dtype === 'f32' ? 'raw' : 'first_four(vec4u(raw, 0u, 0u))'}; }`;
  const load = dtype === 'f32' ? `${name}[at]` : `bitcast<f32>((${name}[at >> 1u] >> (16u * (at & 1u))) << 16u)`;
  return writable && dtype === 'bf16' ? '' : `fn load_${name}(at: u32) -> f32 { return ${load}; }`;
}

/** 16-byte lanes of a dtype hold so many elements. */
export const elementsPerLane: Readonly<Record<GpuDtype, number>> = { f32: 4, bf16: 8 };

/** How the channels of a token are read: 16 bytes at a time where they fill them (`full`), else one by one. */
export interface Lanes {
  readonly full: boolean;
  /** Elements of one, and its vectors of four. */
  readonly width: number;
  readonly halves: number;
  readonly as: 'lanes' | 'items';
  /** Of a token. */
  readonly lanes: number;
  /** WGSL's type of one. */
  readonly type: string;
}

export function lanesOf(channels: number, dtype: GpuDtype): Lanes {
  const full = channels % elementsPerLane[dtype] === 0;
  const width = full ? elementsPerLane[dtype] : 1;
  const halves = full ? width / 4 : 1;
  return { full, width, halves, as: full ? 'lanes' : 'items', lanes: channels / width, type: full ? `array<vec4f, ${halves}>` : 'f32' };
}

/** The entry point, with `item` counting invocations over the whole grid and `group` workgroups; `invocation` names the place in the subgroup where that is wanted. */
export function entry(workgroup: number, body: string, invocation?: string): string {
  return /* wgsl */ `
@compute @workgroup_size(${workgroup})
fn main(@builtin(workgroup_id) place_of_group: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32${invocation === undefined ? '' : `, @builtin(subgroup_invocation_id) ${invocation}: u32`}) {
  let group = place_of_group.x + place_of_group.y * grid.x;
  let item = group * ${workgroup}u + lane;
${body}
}`;
}
