/** Builds an operation from one text over any `Calculus`: reference, bound and double-double version. Tokens are independent. */
import type { z } from 'zod';

import type { Arithmetic } from '../../numerics/arithmetic.ts';
import { maxFinite } from '../../tensor/dtype.ts';
import { elementsPerToken, type Bounded, type Operation, type OperationId, type Port, type PortDtypes, type SizeName, type Sizes, type Term, type Values } from '../operation.ts';
import { storageUnderflow, storageUnit } from '../streams/multilinear.ts';
import { float64Calculus, preciseCalculus, type Calculus } from './calculus.ts';
import { trackedCalculus, type Tracked } from './tracked.ts';

/** One token's numbers by port. */
export type Fields<F> = Readonly<Record<string, readonly F[]>>;

export interface RelativeFormula<D> {
  readonly id: OperationId;
  readonly summary: string;
  readonly dims: readonly SizeName[];
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  readonly streamCounts?: readonly number[];
  readonly dialectSchema: z.ZodType<D>;
  readonly presets: Readonly<Record<string, D>>;
  readonly defaultPreset: string;
  readonly formula: string;
  /** The outputs of one token. */
  readonly evaluate: <F>(calculus: Calculus<F>, inputs: Fields<F>, sizes: Sizes, dialect: D) => Fields<F>;
  /**
   * The error of every element of an output of one token, where it is not the running error of `evaluate` that should be claimed.
   * Undefined where it is.
   */
  readonly uniformError?: (arithmetic: Arithmetic, inputs: Fields<number>, sizes: Sizes, dialect: D) => number | undefined;
}

/** Roundings of the bound's own evaluation: every rule of `tracked.ts` adds and multiplies fewer than 16 non-negative numbers, fewer than 2¹² of them in a row. */
const evaluationSlack = 2 ** 16 * 2 ** -53;

/** The operation that a formula stands for. */
export function relativeOperation<D>(formula: RelativeFormula<D>): Operation<D> {
  const { evaluate, uniformError, ...declared } = formula;

  function over<F>(calculus: Calculus<F>, inputs: Values, sizes: Sizes, dialect: D): Values {
    const outputs = emptyOutputs(formula.outputs, sizes);
    for (let token = 0; token < sizes.tokens; token++) {
      const fields = evaluate(calculus, fieldsOf(formula.inputs, inputs, sizes, token, (x) => calculus.of(x)), sizes, dialect);
      for (const port of formula.outputs) {
        const at = token * elementsPerToken(port, sizes);
        fields[port.name]!.forEach((value, k) => (outputs[port.name]![at + k] = calculus.toNumber(value)));
      }
    }
    return outputs;
  }

  function bounded(inputs: Values, sizes: Sizes, dialect: D, arithmetic: Arithmetic, dtypes: PortDtypes): Bounded {
    const values = emptyOutputs(formula.outputs, sizes);
    const computed = emptyOutputs(formula.outputs, sizes);
    const errors = emptyOutputs(formula.outputs, sizes);
    const certified = new Uint8Array(sizes.tokens).fill(1);
    const calculus = trackedCalculus(arithmetic);
    for (let token = 0; token < sizes.tokens; token++) {
      const numbers = fieldsOf(formula.inputs, inputs, sizes, token, (x) => x);
      const uniform = uniformError?.(arithmetic, numbers, sizes, dialect);
      const fields: Fields<Tracked> =
        uniform === undefined
          ? evaluate(calculus, fieldsOf(formula.inputs, inputs, sizes, token, (x) => calculus.of(x)), sizes, dialect)
          : withError(evaluate(float64Calculus, numbers, sizes, dialect), uniform);
      for (const port of formula.outputs) {
        const dtype = dtypes[port.name] ?? arithmetic.storage;
        const at = token * elementsPerToken(port, sizes);
        fields[port.name]!.forEach(({ value, error }, k) => {
          const before = error * (1 + evaluationSlack);
          const stored = (before + storageUnit(arithmetic, dtype) * (Math.abs(value) + before) + storageUnderflow(arithmetic, dtype)) * (1 + evaluationSlack);
          values[port.name]![at + k] = value;
          computed[port.name]![at + k] = before;
          errors[port.name]![at + k] = stored;
          if (!(Math.abs(value) + stored < maxFinite[dtype])) certified[token] = 0; // NaN and Infinity too
        });
      }
    }
    const explain = (output: string, index: number): readonly Term[] => {
      const [total, before] = [errors[output]![index]!, computed[output]![index]!];
      const terms = [
        { name: "the kernel's roundings and f64's, carried through the formula", value: before },
        { name: 'storage', value: total - before },
      ];
      return terms.filter(({ value }) => value !== 0).sort((a, b) => b.value - a.value);
    };
    return { values, errors, certified, derivation: `running error of every step, sums in any order (Higham §3.3): ${formula.formula}`, explain };
  }

  return {
    ...declared,
    reference: (inputs, sizes, dialect) => over(float64Calculus, inputs, sizes, dialect),
    precise: (inputs, sizes, dialect) => over(preciseCalculus, inputs, sizes, dialect),
    bounded,
  };
}

function withError(fields: Fields<number>, error: number): Fields<Tracked> {
  return Object.fromEntries(Object.entries(fields).map(([name, values]) => [name, values.map((value) => ({ value, error }))]));
}

function emptyOutputs(ports: readonly Port[], sizes: Sizes): Record<string, Float64Array> {
  return Object.fromEntries(ports.map((port) => [port.name, new Float64Array(sizes.tokens * elementsPerToken(port, sizes))]));
}

function fieldsOf<F>(ports: readonly Port[], inputs: Values, sizes: Sizes, token: number, of: (x: number) => F): Fields<F> {
  return Object.fromEntries(
    ports.map((port) => {
      const per = elementsPerToken(port, sizes);
      const values = inputs[port.name]!;
      return [port.name, Array.from({ length: per }, (_, k) => of(values[token * per + k]!))];
    }),
  );
}
