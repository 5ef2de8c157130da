/**
 * Identifies the kernels that apply the residual mapping. Their dialects have few values and no numbers, so each of them is judged; integers that every
 * dtype holds and sums of which are exact leave no room for rounding: whatever differs, differs by a whole number.
 */
import { elementsOf, type Operation, type Sizes, type Values } from '../operations/operation.ts';
import { mixingPresets, type MixingDialect } from '../operations/streams/dialect.ts';
import type { Session } from './budget.ts';
import type { Field, Identification } from './result.ts';

const candidates: readonly MixingDialect[] = [{ orientation: 'plain' }, { orientation: 'transposed' }];
const probe = 'mapping without symmetry';

/** Asks two tokens: a cyclic shift of one stream with a 1 in it, and small integers. Throws `Stopped`. */
export async function identifyMixing(session: Session, n: number): Promise<Identification> {
  const operation = session.kernel.operation as unknown as Operation<MixingDialect>;
  const sizes: Sizes = { tokens: 2, streams: n, channels: 3, depth: 2 };
  const inputs = probeInputs(operation, sizes);
  const answer = await session.ask(inputs, sizes);
  const asked = { operation: operation.id, streams: n, problems: session.problems, calls: session.calls, notes: [] };
  const nothing = { dialect: undefined, fields: [], presets: [], nearest: undefined };
  if ('failure' in answer) return { ...asked, ...nothing, verdict: 'no-answer', sentence: `does not answer: ${answer.failure}` };

  const { values } = answer;
  const { arithmetic, dtypes } = session.kernel;
  const margins = candidates.map((dialect) => {
    const bounded = operation.bounded(inputs, sizes, dialect, arithmetic, dtypes);
    return Math.max(...operation.outputs.map(({ name }) => marginOf(values[name]!, bounded.values[name]!, bounded.errors[name]!)));
  });
  const fitting = candidates.filter((_, at) => margins[at]! <= 1);
  const [found] = fitting;
  if (found === undefined) {
    const at = margins.indexOf(Math.min(...margins));
    const dialect = { ...candidates[at]! };
    return { ...asked, ...nothing, verdict: 'no-known-dialect', sentence: `applies neither H nor Hᵀ; nearest is orientation ${dialect.orientation}`, nearest: { name: dialect.orientation, dialect, margin: margins[at]!, probe, failing: 1, claims: 1 } };
  }
  const other = candidates.findIndex((dialect) => dialect !== found);
  const field: Field = {
    field: 'orientation', value: found.orientation, status: fitting.length === 1 ? 'known' : 'ambiguous', confidence: fitting.length === 1 ? margins[other] : undefined,
    evidence: probe, alternatives: fitting.slice(1).map(({ orientation }) => orientation), range: undefined, reason: undefined,
  };
  return {
    ...asked,
    verdict: 'identified',
    sentence: found.orientation === 'plain' ? 'applies H (orientation plain)' : 'applies Hᵀ (orientation transposed)',
    dialect: { ...found },
    fields: [field],
    presets: Object.entries(mixingPresets).filter(([, preset]) => preset.orientation === found.orientation).map(([name]) => ({ name, differences: [] })),
    nearest: undefined,
  };
}

/** A cyclic shift and a one-hot stream in token 0; in token 1 integers up to 4 without symmetry. n = 2 has no asymmetric shift, so the shift is weighted. */
function probeInputs(operation: Operation<MixingDialect>, sizes: Sizes): Values {
  const { streams: n } = sizes;
  return Object.fromEntries(
    operation.inputs.map((port) => {
      const values = new Float64Array(elementsOf(port, sizes));
      const half = values.length / 2;
      for (let k = 0; k < half; k++) {
        if (port.role === 'residual-mapping') {
          const [i, j] = [Math.floor((k % (n * n)) / n), k % n];
          values[k] = j === (i + 1) % n ? (n === 2 && i === 1 ? 2 : 1) : 0;
        } else values[k] = port.name === 'streams' ? (k < 3 ? 1 : 0) : 0;
        values[half + k] = (7 * k + 3 * Math.floor(k / n) + 1) % 5;
      }
      return [port.name, values];
    }),
  );
}

function marginOf(measured: Float64Array, expected: Float64Array, errors: Float64Array): number {
  let worst = 0;
  for (let k = 0; k < measured.length; k++) {
    const error = Math.abs(measured[k]! - expected[k]!);
    const margin = error === 0 ? 0 : error / errors[k]!;
    if (!(margin <= worst)) worst = margin >= 0 ? margin : Infinity; // NaN satisfies no bound
  }
  return worst;
}
