/** The beginning of the streams. Expand copies C elements n times, backwards it adds them: bound by memory. */
import type { ExpandDialect } from '../../operations/layers/dialect.ts';
import { elementwise } from './elementwise.ts';
import type { Part, PartSizes } from './part.ts';

/** hidden [B,C] → streams [B,n,C]. */
export function expandPart({ n, channels, dtype }: PartSizes, { copies }: ExpandDialect, hidden: string, streams: string): Part {
  const copy = 'load_hidden((e / sizes.y / sizes.n) * sizes.y + e % sizes.y)';
  const element = `fn element(e: u32) -> f32 { return ${copies === 'all' ? copy : `select(0.0, ${copy}, (e / sizes.y) % sizes.n == 0u)`}; }`;
  return { passes: [elementwise({ label: 'expand', inputs: [{ name: 'hidden', dtype, as: 'items' }], output: { name: 'streams', dtype }, perToken: n * channels, outputs: 'sizes.n * sizes.y', element, buffers: [hidden, streams] })] };
}

/** cotangent [B,n,C] → hiddenGradient [B,C]. */
export function expandVjpPart({ channels, dtype }: PartSizes, { copies }: ExpandDialect, cotangent: string, gradient: string): Part {
  const element = /* wgsl */ `
fn element(e: u32) -> f32 {
  let at = (e / sizes.y) * sizes.n * sizes.y + e % sizes.y;
  var sum = load_cotangent(at);
  ${copies === 'all' ? 'for (var i = 1u; i < sizes.n; i++) { sum += load_cotangent(at + i * sizes.y); }' : ''}
  return sum;
}`;
  return { passes: [elementwise({ label: 'expand-vjp', inputs: [{ name: 'cotangent', dtype, as: 'items' }], output: { name: 'gradient', dtype }, perToken: channels, outputs: 'sizes.y', element, buffers: [cotangent, gradient] })] };
}
