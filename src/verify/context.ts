/** What a check sees of one case: its inputs, the kernel, and the bounds. */
import { hashText, Random } from '../generate/random.ts';
import { recipeSizes, type Recipe } from '../generate/recipe.ts';
import { elementsPerToken, isShared, type Bounded, type Port, type Sizes, type Values } from '../operations/operation.ts';
import { roundTo } from '../tensor/codecs.ts';
import { decodeOutputs, type Caller } from './call.ts';
import { Judge } from './judge.ts';
import type { CheckContext, Property, ResolvedKernel } from './property.ts';

/** Which tokens are judged in double-double: 1 for those. */
export type Precise = 'all' | 'none' | Uint8Array;

export class Case implements CheckContext {
  readonly kernel: ResolvedKernel;
  readonly recipe: Recipe;
  readonly sizes: Sizes;
  readonly inputs: Values;
  readonly random: Random;
  readonly indifferent: number;
  private readonly caller: Caller;
  private readonly precise: Precise;
  private readonly known = new WeakMap<Values, { readonly key: string; readonly bounded: Bounded }>();

  /** `precise`: the tokens that are judged against double-double values instead of the f64 reference. */
  constructor(property: Property, kernel: ResolvedKernel, recipe: Recipe, inputs: Values, caller: Caller, precise: Precise, indifferent = 0) {
    this.kernel = kernel;
    this.recipe = recipe;
    this.sizes = recipeSizes(recipe);
    this.caller = caller;
    this.precise = precise;
    this.indifferent = indifferent;
    this.random = new Random(recipe.seed, hashText(property.id));
    this.inputs = Object.fromEntries(Object.entries(inputs).map(([port, values]) => [port, this.round(port, values)]));
  }

  round(port: string, values: Float64Array): Float64Array {
    const dtype = this.kernel.dtypes[port]!;
    if (dtype === 'f64') return values;
    return dtype === 'f32' ? new Float64Array(new Float32Array(values)) : values.map(roundTo[dtype]);
  }

  async run(inputs: Values, sizes?: Partial<Sizes>): Promise<Values> {
    return decodeOutputs(await this.caller.call(inputs, { ...this.sizes, ...sizes }));
  }

  async runKeeping(a: Values, b: Values): Promise<{ first: Values; firstAfterSecond: Values; second: Values }> {
    const held = await this.caller.call(a, this.sizes);
    const first = decodeOutputs(held);
    const second = decodeOutputs(await this.caller.call(b, this.sizes));
    return { first, firstAfterSecond: decodeOutputs(held), second };
  }

  bounded(inputs: Values, sizes?: Partial<Sizes>): Bounded {
    const complete = { ...this.sizes, ...sizes };
    const key = JSON.stringify(complete);
    const known = this.known.get(inputs);
    if (known?.key === key) return known.bounded;
    const { operation, dialect, arithmetic, dtypes } = this.kernel;
    const computed = operation.bounded(inputs, complete, dialect, arithmetic, dtypes);
    const bounded = this.precise === 'none' ? computed : { ...computed, values: this.preciseValues(computed.values, inputs, complete) };
    this.known.set(inputs, { key, bounded });
    return bounded;
  }

  private preciseValues(values: Values, inputs: Values, sizes: Sizes): Values {
    const { operation, dialect } = this.kernel;
    const chosen = this.precise;
    const apart = chosen instanceof Uint8Array && inputs === this.inputs && sizes.tokens === chosen.length && !operation.inputs.some(isShared) && !operation.outputs.some(isShared);
    if (!apart) return operation.precise(inputs, sizes, dialect);
    const tokens = [...chosen.keys()].filter((token) => chosen[token] === 1);
    const part = (port: Port, of: Values, index: number): Float64Array => {
      const per = elementsPerToken(port, sizes);
      return of[port.name]!.subarray(index * per, (index + 1) * per);
    };
    const precise = Object.fromEntries(Object.entries(values).map(([port, given]) => [port, given.slice()]));
    for (const token of tokens) {
      const one = operation.precise(Object.fromEntries(operation.inputs.map((port) => [port.name, part(port, inputs, token)])), { ...sizes, tokens: 1 }, dialect);
      for (const port of operation.outputs) part(port, precise, token).set(one[port.name]!);
    }
    return precise;
  }

  judge(tokens?: number): Judge {
    return new Judge(tokens ?? this.sizes.tokens);
  }
}
