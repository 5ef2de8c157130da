/**
 * A few tokens of the workload itself against their derived bounds: the first, the last and some between. Verification runs on small batches, and some faults are only in large ones
 * (an index that overflows, a grid that ends too early). Outputs that all tokens share are left to verification: their bound needs all tokens.
 */
import { expand } from '../generate/expand.ts';
import { hashText, Random } from '../generate/random.ts';
import { elementsPerToken, isClaimed, isShared, type Sizes, type Values } from '../operations/operation.ts';
import type { ResolvedKernel } from '../targets/resolve.ts';
import { decode, roundTo } from '../tensor/codecs.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { Judge, type Worst } from '../verify/judge.ts';
import { recipeOf, type Workload } from './workload.ts';

const between = 6;
/** Margins in which the reference's own error could decide are judged again in double-double, as verification does. */
const borderline = { from: 0.9, to: 1.1 };

/** The worst violation among the tokens; undefined when all are within their bounds. */
export function spotCheck(workload: Workload, kernel: ResolvedKernel, outputs: Readonly<Record<string, Tensor>>, seed: number): Worst | undefined {
  const { operation, dialect, arithmetic, dtypes } = kernel;
  const random = new Random(seed, hashText(workload.id), hashText('spots'));
  const { tokens } = workload.sizes;
  const picks = [...new Set([0, tokens - 1, ...Array.from({ length: between }, () => random.below(tokens))])].filter((token) => token >= 0);
  const sizes: Sizes = { ...workload.sizes, tokens: picks.length };
  const raw = expand({ ...recipeOf(workload, seed), tokens: picks }, operation, {});
  const inputs: Values = Object.fromEntries(Object.entries(raw).map(([port, values]) => [port, dtypes[port] === 'f64' ? values : values.map(roundTo[dtypes[port]!])]));
  const bounded = operation.bounded(inputs, sizes, dialect, arithmetic, dtypes);
  const worstAgainst = (expected: Values): Worst | undefined => {
    const judge = new Judge(picks.length);
    for (const port of operation.outputs.filter((one) => !isShared(one))) {
      const each = elementsPerToken(port, sizes);
      const { data, dtype } = outputs[port.name]!;
      picks.forEach((token, place) => {
        const got = decode(data.subarray(token * each, (token + 1) * each), dtype);
        for (let k = 0; k < each; k++) {
          const index = place * each + k;
          if (!isClaimed(bounded, port, place, index)) continue;
          judge.atMost(place, got[k]! - expected[port.name]![index]!, bounded.errors[port.name]![index]!, port.name, index, () => `${port.name} of token ${token}, element ${k}, at this shape`);
        }
      });
    }
    return judge.finish().worst;
  };
  const worst = worstAgainst(bounded.values);
  const decided = worst !== undefined && worst.margin >= borderline.from && worst.margin <= borderline.to ? worstAgainst(operation.precise(inputs, sizes, dialect)) : worst;
  return decided === undefined || decided.margin <= 1 ? undefined : decided;
}
