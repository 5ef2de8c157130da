/** Builds a stream operation from its formula: reference, bound and double-double version all come from one `evaluate`. */
import type { z } from 'zod';

import { computeUnit, type Arithmetic } from '../../numerics/arithmetic.ts';
import { compound } from '../../numerics/compound.ts';
import type { Bounded, Operation, OperationId, Port, PortDtypes, PresetSource, Sizes, Values } from '../operation.ts';
import { float64Algebra, type Algebra } from './algebra.ts';
import { boundMultilinear, storageUnderflow, storageUnit, sumUnderflow, type Roughness } from './multilinear.ts';
import { fromPairs, preciseAlgebra, toPairs } from './precise-algebra.ts';

export interface StreamFormula<D> {
  readonly id: OperationId;
  readonly summary: string;
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  readonly dialectSchema: z.ZodType<D>;
  readonly presets: Readonly<Record<string, D>>;
  readonly presetSources?: Readonly<Record<string, PresetSource>>;
  readonly defaultPreset: string;
  readonly formula: string;
  /** The outputs, from any algebra. */
  readonly evaluate: <S>(algebra: Algebra<S>, inputs: Readonly<Record<string, S>>, sizes: Sizes, dialect: D) => Record<string, S>;
  /** Products that are added to one element of an output. */
  readonly products: (output: string, sizes: Sizes) => number;
}

/** The operation that a formula stands for. */
export function streamOperation<D>(formula: StreamFormula<D>): Operation<D> {
  const { evaluate, products, ...declared } = formula;

  function bounded(inputs: Values, sizes: Sizes, dialect: D, arithmetic: Arithmetic, dtypes: PortDtypes): Bounded {
    const roughness: Record<string, Roughness> = {};
    for (const { name } of formula.outputs) {
      const k = products(name, sizes);
      const dtype = dtypes[name] ?? arithmetic.storage;
      const kernel = compound([k, computeUnit(arithmetic)]);
      roughness[name] = {
        kernel,
        reference: compound([k, 2 ** -53]),
        storage: storageUnit(arithmetic, dtype),
        underflow: (1 + kernel) * sumUnderflow(arithmetic, k) + storageUnderflow(arithmetic, dtype),
        dtype,
      };
    }
    return boundMultilinear({
      tokens: sizes.tokens,
      inputs,
      arithmetic,
      roughness,
      derivation: `sum of products in any order, with or without FMA (Higham §3.1): ${formula.formula}`,
      evaluate: (some) => evaluate(float64Algebra, some, sizes, dialect),
    });
  }

  return {
    ...declared,
    dims: ['tokens', 'streams', 'channels'],
    reference: (inputs, sizes, dialect) => evaluate(float64Algebra, inputs, sizes, dialect),
    bounded,
    precise: (inputs, sizes, dialect) => fromPairs(evaluate(preciseAlgebra, toPairs(inputs), sizes, dialect)),
  };
}
