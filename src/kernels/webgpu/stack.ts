/**
 * Residual mixing over depth: the composite E_{D−1}···E_0 and the streams after it. A thread takes one element of the output through all sublayers: it needs the other streams of its channel too, so n
 * threads do the same n² multiply-adds for each sublayer. Reads n·C elements and D·n² a token, n times from the caches.
 */
import type { MixingDialect } from '../../operations/streams/dialect.ts';
import { elementwise } from './elementwise.ts';
import type { Part, PartSizes } from './part.ts';
import { streamCount } from './wgsl.ts';

/** residualMappings [B,D,n,n], streams [B,n,C] → composite [B,n,n], finalStreams [B,n,C]. */
export function stackPart({ n, channels, dtype }: PartSizes, { orientation }: MixingDialect, names: readonly [mappings: string, streams: string, composite: string, finalStreams: string]): Part {
  const text = streamCount(n);
  const [mappings, streams, composite, finalStreams] = names;
  const entryOf = orientation === 'plain' ? 'i * n + j' : 'j * n + i';
  const walk = /* wgsl */ `
var<private> x: array<f32, ${text.most}>;
fn walk(token: u32) {
  let n = ${text.n};
  for (var layer = 0u; layer < sizes.depth; layer++) {
    var y = array<f32, ${text.most}>();
    for (var i = 0u; i < n; i++) {
      var sum = 0.0;
      for (var j = 0u; j < n; j++) { sum += load_residualMappings((token * sizes.depth + layer) * n * n + ${entryOf}) * x[j]; }
      y[i] = sum;
    }
    x = y;
  }
}`;
  const ofComposite = /* wgsl */ `${walk}
fn element(e: u32) -> f32 {
  let n = ${text.n};
  for (var i = 0u; i < n; i++) { x[i] = select(0.0, 1.0, i == e % n); }
  walk(e / (n * n));
  return x[(e / n) % n];
}`;
  const ofStreams = /* wgsl */ `${walk}
fn element(e: u32) -> f32 {
  let n = ${text.n};
  let token = e / (n * sizes.y);
  for (var i = 0u; i < n; i++) { x[i] = load_streams((token * n + i) * sizes.y + e % sizes.y); }
  walk(token);
  return x[(e / sizes.y) % n];
}`;
  const given = { name: 'residualMappings', dtype: 'f32', as: 'items' } as const;
  return {
    passes: [
      elementwise({ label: 'stack: composite', inputs: [given], output: { name: 'composite', dtype: 'f32' }, perToken: n * n, outputs: `${text.n} * ${text.n}`, element: ofComposite, buffers: [mappings, composite] }),
      elementwise({ label: 'stack: streams', inputs: [given, { name: 'streams', dtype, as: 'items' }], output: { name: 'finalStreams', dtype }, perToken: n * channels, outputs: `${text.n} * sizes.y`, element: ofStreams, buffers: [mappings, streams, finalStreams] }),
    ],
  };
}
