/** Builds an operation from its formula over the calculus: reference, bound and double-double version all come from one `evaluate`. */
import type { z } from 'zod';

import type { Arithmetic } from '../../numerics/arithmetic.ts';
import { maxFinite } from '../../tensor/dtype.ts';
import { isShared, type Bounded, type Operation, type OperationId, type Port, type PortDtypes, type PresetSource, type SizeName, type Sizes, type Term, type Values } from '../operation.ts';
import { storageUnderflow, storageUnit } from '../streams/multilinear.ts';
import { fromPairs, toPairs } from '../streams/precise-algebra.ts';
import type { Calculus } from './calculus.ts';
import { float64Calculus } from './float64.ts';
import { preciseCalculus } from './precise.ts';
import { RunningCalculus } from './running.ts';

export interface Formula<D> {
  readonly id: OperationId;
  readonly summary: string;
  readonly dims: readonly SizeName[];
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  readonly dialectSchema: z.ZodType<D>;
  readonly presets: Readonly<Record<string, D>>;
  readonly presetSources?: Readonly<Record<string, PresetSource>>;
  readonly defaultPreset: string;
  readonly formula: string;
  /** The outputs, all closed, over any calculus. */
  readonly evaluate: <S>(calculus: Calculus<S>, inputs: Readonly<Record<string, S>>, sizes: Sizes, dialect: D) => Record<string, S>;
}

/** The operation that a formula stands for. */
export function calculusOperation<D>(formula: Formula<D>): Operation<D> {
  const { evaluate, ...declared } = formula;
  return {
    ...declared,
    reference: (inputs, sizes, dialect) => evaluate(float64Calculus, inputs, sizes, dialect),
    precise: (inputs, sizes, dialect) => fromPairs(evaluate(preciseCalculus, toPairs(inputs), sizes, dialect)),
    bounded: (inputs, sizes, dialect, arithmetic, dtypes) => bound(formula, inputs, sizes, dialect, arithmetic, dtypes),
  };
}

function bound<D>(formula: Formula<D>, inputs: Values, sizes: Sizes, dialect: D, arithmetic: Arithmetic, dtypes: PortDtypes): Bounded {
  const calculus = new RunningCalculus(arithmetic);
  const given = Object.fromEntries(Object.entries(inputs).map(([name, input]) => [name, calculus.input(input)]));
  const outputs = formula.evaluate(calculus, given, sizes, dialect);
  const certified = new Uint8Array(sizes.tokens);
  const values: Record<string, Float64Array> = {};
  const errors: Record<string, Float64Array> = {};
  for (const port of formula.outputs) {
    const { value, radius } = outputs[port.name]!;
    const dtype = dtypes[port.name] ?? arithmetic.storage;
    const unit = storageUnit(arithmetic, dtype);
    const underflow = storageUnderflow(arithmetic, dtype);
    const per = value.length / sizes.tokens;
    const error = new Float64Array(value.length);
    for (let e = 0; e < error.length; e++) {
      error[e] = (radius[e]! + unit * (Math.abs(value[e]!) + radius[e]!) + underflow) * (1 + 2 ** -40);
      if (!(Math.abs(value[e]!) + error[e]! < maxFinite[dtype])) error[e] = Infinity;
      else if (!isShared(port)) certified[Math.floor(e / per)] = 1;
    }
    values[port.name] = value;
    errors[port.name] = error;
  }
  const explain = (output: string, index: number): readonly Term[] => {
    const radius = outputs[output]!.radius[index]!;
    return [
      { name: 'roundings of the kernel and of the reference, carried along (running error)', value: radius },
      { name: `storage as ${dtypes[output] ?? arithmetic.storage}`, value: errors[output]![index]! - radius },
    ].filter(({ value }) => value > 0);
  };
  return { values, errors, certified, derivation: `running error analysis (Higham §3.3) under ${arithmetic.name}: ${formula.formula}`, explain };
}
