/** What a check sees of one case: its inputs, the kernel, and the bounds. */
import { hashText, Random } from '../generate/random.ts';
import { recipeSizes, type Recipe } from '../generate/recipe.ts';
import type { Bounded, Sizes, Values } from '../operations/operation.ts';
import { roundTo } from '../tensor/codecs.ts';
import { decodeOutputs, type Caller } from './call.ts';
import { Judge } from './judge.ts';
import type { CheckContext, Property, ResolvedKernel } from './property.ts';

export class Case implements CheckContext {
  readonly kernel: ResolvedKernel;
  readonly recipe: Recipe;
  readonly sizes: Sizes;
  readonly inputs: Values;
  readonly random: Random;
  readonly indifferent: number;
  private readonly caller: Caller;
  private readonly precise: boolean;
  private readonly known = new WeakMap<Values, { readonly key: string; readonly bounded: Bounded }>();

  /** `precise` judges against double-double values instead of the f64 reference. */
  constructor(property: Property, kernel: ResolvedKernel, recipe: Recipe, inputs: Values, caller: Caller, precise: boolean, indifferent = 0) {
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
    const bounded = this.precise ? { ...computed, values: operation.precise(inputs, complete, dialect) } : computed;
    this.known.set(inputs, { key, bounded });
    return bounded;
  }

  judge(tokens?: number): Judge {
    return new Judge(tokens ?? this.sizes.tokens);
  }
}
