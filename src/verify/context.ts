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
  private readonly known = new WeakMap<Values, Known>();
  /** Of the f64 reference, which a case that is judged again has in common with itself. */
  private readonly computed: WeakMap<Values, Known>;

  /** `precise`: the tokens that are judged against double-double values instead of the f64 reference. `before`: the same case as it was judged first, whose bounds are not worked out again. */
  constructor(property: Property, kernel: ResolvedKernel, recipe: Recipe, inputs: Values, caller: Caller, precise: Precise, indifferent = 0, before?: Case) {
    this.kernel = kernel;
    this.recipe = recipe;
    this.sizes = recipeSizes(recipe);
    this.caller = caller;
    this.precise = precise;
    this.indifferent = indifferent;
    this.random = new Random(recipe.seed, hashText(property.id));
    this.computed = before?.computed ?? new WeakMap<Values, Known>();
    this.inputs = before?.inputs ?? this.roundAll(inputs);
  }

  round(port: string, values: Float64Array): Float64Array {
    const dtype = this.kernel.dtypes[port]!;
    if (dtype === 'f64') return values;
    if (dtype !== 'f32') return values.map(roundTo[dtype]);
    const rounded = new Float64Array(values.length);
    for (let index = 0; index < rounded.length; index++) rounded[index] = Math.fround(values[index]!);
    return rounded;
  }

  private roundAll(inputs: Values): Values {
    const rounded: Record<string, Float64Array> = {};
    for (const port of Object.keys(inputs)) rounded[port] = this.round(port, inputs[port]!);
    return rounded;
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
    const complete = sizes === undefined ? this.sizes : { ...this.sizes, ...sizes };
    const key = `${complete.tokens} ${complete.streams} ${complete.channels} ${complete.depth}`;
    return lookedUp(this.known, inputs, key, () => {
      const { operation, dialect, arithmetic, dtypes } = this.kernel;
      const computed = lookedUp(this.computed, inputs, key, () => operation.bounded(inputs, complete, dialect, arithmetic, dtypes));
      return this.precise === 'none' ? computed : withValues(computed, this.preciseValues(computed.values, inputs, complete));
    });
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

interface Known {
  readonly key: string;
  readonly bounded: Bounded;
}

function lookedUp(known: WeakMap<Values, Known>, inputs: Values, key: string, work: () => Bounded): Bounded {
  const found = known.get(inputs);
  if (found?.key === key) return found.bounded;
  const bounded = work();
  known.set(inputs, { key, bounded });
  return bounded;
}

/** The bounds with another reference; what is worked out when it is read stays so. */
function withValues(computed: Bounded, values: Values): Bounded {
  return {
    values,
    get errors() { return computed.errors; },
    get certified() { return computed.certified; },
    ...(computed.covering === undefined ? {} : { covering: computed.covering.bind(computed) }),
    derivation: computed.derivation,
    explain: computed.explain.bind(computed),
  };
}
