/** What plumbline spends around a kernel. */
import { inProcess, referenceKernels, verify, type Property } from '../../src/index.ts';
import { properties } from '../../properties/index.ts';
import type { Figure } from './medians.ts';

/** A kernel of 1 ms and a property whose check does nothing but run it: what remains is the harness. */
export async function harness(): Promise<Figure[]> {
  const right = referenceKernels()['stream-read'].run;
  const busy = (ms: number): void => {
    const end = performance.now() + ms;
    while (performance.now() < end);
  };
  const sizes = { tokens: 8, streams: 4, channels: 8, depth: 1 };
  let inKernel = 0;
  const target = inProcess('busy', {
    kernels: {
      'stream-read': {
        arithmetic: 'ieee-f32',
        run: (inputs, given) => {
          const started = performance.now();
          const outputs = right(inputs, given);
          busy(1 - (performance.now() - started));
          inKernel += performance.now() - started;
          return outputs;
        },
      },
    },
  });
  const parity = properties.find((property) => property.operation === 'stream-read' && property.usesReference)!;
  const property: Property = { ...parity, inputs: { tokenCounts: [sizes.tokens], channelCounts: [sizes.channels], streamCounts: [sizes.streams] } };
  const shares: number[] = [];
  for (let round = 0; round < 7; round++) {
    inKernel = 0;
    const started = performance.now();
    await verify({ targets: [target], properties: [property], effort: 'quick', runs: 400, seed: round });
    const total = performance.now() - started;
    shares.push((total - inKernel) / inKernel);
  }
  shares.sort((x, y) => x - y);
  return [
    { figure: 'harness around a 1 ms kernel (generate, bound, judge)', value: `${(100 * shares[3]!).toFixed(1)} %`, wanted: '≤ 5 %' },
  ];
}
