/** One problem by value: what the search keeps, changes and crosses. A case is a batch of them. */
import type { Recipe } from '../generate/recipe.ts';
import { lengthOf } from '../operations/dims.ts';
import { elementsPerToken, isShared, type Operation, type OperationId, type Sizes, type Values } from '../operations/operation.ts';

export interface Specimen {
  readonly operation: OperationId;
  /** Of one problem: tokens is 1. */
  readonly sizes: Sizes;
  /** One token of each port; the whole of a shared one, which children have in common with their parent. */
  readonly values: Values;
  /** The recipe that it descends from, for people. */
  readonly recipe?: Recipe | undefined;
}

/** Token `token` of some inputs. Copies. */
export function specimenOf(operation: Operation, inputs: Values, sizes: Sizes, token: number, recipe?: Recipe): Specimen {
  const values: Record<string, Float64Array> = {};
  for (const port of operation.inputs) {
    const per = elementsPerToken(port, sizes);
    values[port.name] = isShared(port) ? inputs[port.name]! : inputs[port.name]!.slice(token * per, (token + 1) * per);
  }
  return { operation: operation.id, sizes: { ...sizes, tokens: 1 }, values, recipe };
}

/** Whether two problems can be tokens of one call. */
export function fitTogether(operation: Operation, a: Specimen, b: Specimen): boolean {
  const { streams, channels, depth } = a.sizes;
  if (b.operation !== a.operation || b.sizes.streams !== streams || b.sizes.channels !== channels || b.sizes.depth !== depth) return false;
  for (const port of operation.inputs) if (isShared(port) && a.values[port.name] !== b.values[port.name]) return false;
  return true;
}

/**
 * The problem at another stream count: lines repeat, or beyond the old ones are 0, so that what is special about it (a line of one number, symmetry, an entry alone) mostly stays. Undefined where something
 * that all tokens share depends on the stream count.
 */
export function resized(operation: Operation, specimen: Specimen, streams: number, repeat: boolean): Specimen | undefined {
  if (specimen.sizes.streams === streams) return specimen;
  const sizes = { ...specimen.sizes, streams };
  const values: Record<string, Float64Array> = {};
  for (const port of operation.inputs) {
    const [from, to] = [specimen.sizes, sizes].map((all) => port.dims.filter((dim) => dim !== 'tokens').map((dim) => lengthOf(dim, all))) as [number[], number[]];
    const old = specimen.values[port.name]!;
    if (isShared(port)) {
      if (from.some((length, d) => length !== to[d])) return undefined;
      values[port.name] = old;
      continue;
    }
    const out = new Float64Array(to.reduce((product, length) => product * length, 1));
    for (let k = 0; k < out.length; k++) {
      let [rest, at, stride, beyond] = [k, 0, 1, false];
      for (let d = to.length - 1; d >= 0; d--) {
        const index = rest % to[d]!;
        rest = Math.floor(rest / to[d]!);
        if (index >= from[d]!) beyond = true;
        at += (index % from[d]!) * stride;
        stride *= from[d]!;
      }
      out[k] = beyond && !repeat ? 0 : old[at]!;
    }
    values[port.name] = out;
  }
  return { ...specimen, sizes, values };
}

/** Problems as the tokens of one call, with the shared ports of the first. */
export function batchOf(operation: Operation, specimens: readonly Specimen[]): { inputs: Values; sizes: Sizes } {
  const first = specimens[0]!;
  const sizes = { ...first.sizes, tokens: specimens.length };
  const inputs: Record<string, Float64Array> = {};
  for (const port of operation.inputs) {
    if (isShared(port)) {
      inputs[port.name] = first.values[port.name]!;
      continue;
    }
    const per = elementsPerToken(port, sizes);
    const all = new Float64Array(per * specimens.length);
    specimens.forEach(({ values }, token) => all.set(values[port.name]!, token * per));
    inputs[port.name] = all;
  }
  return { inputs, sizes };
}

/** Bytes that a specimen holds. */
export function bytesOf({ values }: Specimen): number {
  return Object.values(values).reduce((sum, array) => sum + array.byteLength, 200);
}
