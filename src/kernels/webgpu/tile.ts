/**
 * 4 × 4 matrices, of each tensor one a thread, in and out. Reading 64 bytes of one's own is quick, for the 16 bytes that a neighbour leaves of a line stay in the cache; writing is not (on an H200 68 % of a copy's speed). So where subgroups are
 * there, the four threads of a quad exchange rows by two swaps, and each writes the row of its place of all four matrices: 64 bytes beside each other (97 %). Which matrices those are is told by the quad,
 * for nothing says in which order invocations form subgroups.
 */
import type { GpuDtype, PlanPass } from './plan.ts';
import { bindings, entry } from './wgsl.ts';

export interface MatrixTile {
  readonly inputs: readonly string[];
  readonly output: string;
  readonly dtype: GpuDtype;
  readonly workgroup: number;
  /** Whether quads exchange rows before they are written; else each thread writes its own, 48 operations fewer. Default: true. */
  readonly exchange?: boolean;
  /** WGSL at module scope. */
  readonly functions: string;
  /** WGSL that makes `m` the output, a matrix with a row in each of its columns, of the inputs, which are `own_` and their name. */
  readonly compute: string;
}

const rows = [0, 1, 2, 3] as const;

/** The shader for any device, and for one that has subgroups. */
export function matrixTile({ inputs, output, dtype, workgroup, exchange = true, functions, compute }: MatrixTile): Pick<PlanPass, 'code' | 'codeForQuads'> {
  const declared = `${bindings([...inputs.map((name) => ({ name, dtype, as: 'lanes' }) as const), { name: output, dtype, as: 'lanes', writable: true }])}\n${functions}`;
  const rowsOf = (input: string): string => (dtype === 'f32' ? rows.map((row) => `load_${input}(at + ${row}u)[0]`) : [0, 1].map((half) => `load_${input}(at + ${half}u)[0], load_${input}(at + ${half}u)[1]`)).join(', ');
  const load = `${inputs.map((input) => `  let own_${input} = mat4x4f(${rowsOf(input)});`).join('\n')}\n  var m: mat4x4f;`;
  const store = dtype === 'f32'
    ? rows.map((row) => `  store_${output}(at + ${row}u, array<vec4f, 1>(m[${row}]));`).join('\n')
    : `  store_${output}(at, array<vec4f, 2>(m[0], m[1]));\n  store_${output}(at + 1u, array<vec4f, 2>(m[2], m[3]));`;
  const code = `${declared}
${entry(workgroup, /* wgsl */ `
  if (item >= sizes.x) { return; }
  let at = item * ${dtype === 'f32' ? 4 : 2}u;
${load}
${compute}
${store}`)}`;
  if (dtype !== 'f32' || !exchange) return { code };
  const codeForQuads = `enable subgroups;
${declared}
${entry(workgroup, /* wgsl */ `
  let at = min(item, sizes.x - 1u) * 4u; // all stay until the last swap
${load}
${compute}
  let place = invocation & 3u;
  let odd = (place & 1u) == 1u;
  let a = quadSwapX(select(m[1], m[0], odd));
  let b = quadSwapX(select(m[3], m[2], odd));
  m = mat4x4f(select(m[0], a, odd), select(a, m[1], odd), select(m[2], b, odd), select(b, m[3], odd));
  let high = place >= 2u;
  let c = quadSwapY(select(m[2], m[0], high));
  let d = quadSwapY(select(m[3], m[1], high));
  let swapped = array<vec4f, 4>(select(m[0], c, high), select(m[1], d, high), select(c, m[2], high), select(d, m[3], high));
${rows.map((k) => `  let item${k} = quadBroadcast(item, ${k}u);\n  if (item${k} < sizes.x) { store_${output}(item${k} * 4u + place, array<vec4f, 1>(swapped[${k}])); }`).join('\n')}`, 'invocation')}`;
  return { code, codeForQuads };
}
