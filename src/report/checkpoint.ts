/** The bounds of a checkpoint as text: what was found, the gains over all sublayers, and the sublayers that are loosest. */
import type { CheckpointBounds, SublayerReport } from '../certify/checkpoint/bound-checkpoint.ts';
import { deviation } from '../certify/inputs/mapping.ts';
import { oneLine } from './failure.ts';
import type { Style } from './style.ts';

const shown = 5;

/** Lines without a trailing newline. */
export function formatCheckpoint(bounds: CheckpointBounds, style: Style): string {
  const { sublayers, composite, exact, n, channels, scheme, preset, arithmetic } = bounds;
  const free = exact === 'forward' ? 'backward' : 'forward';
  const order = sublayers.toSorted((a, b) => deviation(b[free]) - deviation(a[free]));
  const seen = (value: number | undefined): string => (value === undefined ? '' : `   observed ${value.toPrecision(6)}`);
  const observed = composite.observed === undefined ? '' : ' Observed: random inputs, and those that attain the ends of each residual logit.';
  return [
    `${style.bold(`${sublayers.length} sublayers`)}, n = ${n}, C = ${channels}; names of ${scheme}, dialect ${preset}, ${arithmetic.name}.${observed}`,
    `  gain over all sublayers, forward    ≤ ${composite.forward.toPrecision(8)}${seen(composite.observed?.forward)}${exact === 'forward' ? '   exact side' : ''}`,
    `  gain over all sublayers, backward   ≤ ${composite.backward.toPrecision(8)}${seen(composite.observed?.backward)}${exact === 'backward' ? '   exact side' : ''}`,
    `  norm over all sublayers             ≤ ${composite.twoNorm.toPrecision(8)}`,
    `  mean of the ${exact === 'backward' ? 'streams' : 'gradients'}, times          ${composite.mean.low.toPrecision(8)} to ${composite.mean.high.toPrecision(8)}`,
    `  median sublayer, free side off 1    ≤ ${deviation(order[Math.floor(order.length / 2)]![free]).toPrecision(4)}`,
    style.bold(`The ${Math.min(shown, order.length)} loosest sublayers`),
    ...order.slice(0, shown).map((one) => lineOf(one, free)),
  ].join('\n');
}

function lineOf({ names, bounds, observed, ...sides }: SublayerReport, free: 'forward' | 'backward'): string {
  const seen = observed === undefined ? '' : ` (observed ${observed.toPrecision(3)})`;
  const gates = `pre ${bounds.pre.low.toPrecision(3)}…${bounds.pre.high.toPrecision(3)}, post ${bounds.post.low.toPrecision(3)}…${bounds.post.high.toPrecision(3)}`;
  return `  ${oneLine(names.name).padEnd(22)} free side off 1 ≤ ${deviation(sides[free]).toPrecision(4)}${seen}, ‖H‖₂ ≤ ${bounds.twoNorm.toPrecision(6)}, σ₂ ≤ ${bounds.secondSingularValue.toPrecision(4)}, logits ±${bounds.radius.toPrecision(3)}, ${gates}`;
}
