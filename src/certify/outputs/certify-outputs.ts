/** The certificate of a tensor of residual mappings: what holds for these outputs, and for no others. */
import { arch, cpus, platform } from 'node:os';

import type { Certificate, Claim } from '../certificate.ts';
import { confirm, type Draft } from '../confirm.ts';
import { issueCertificate, sha256 } from '../issue.ts';
import { draftOf, witnessDraft, type Orientation } from './claims.ts';
import { measureOutputs, type Worst } from './measure-outputs.ts';
import type { Outputs } from './read-outputs.ts';

export interface CertifyOutputs {
  /** How the mappings are applied to the streams: H·x or Hᵀ·x. Matters for products over depth. */
  readonly orientation: Orientation;
  /** Whether the first dimension is depth; there must be four or more then. */
  readonly depth: boolean;
  readonly onProgress?: ((what: string, share: number) => void) | undefined;
  readonly stopped?: (() => boolean) | undefined;
}

const notClaimed = [
  'Other inputs than those that gave these outputs.',
  'That the outputs are what a kernel should have computed: plumbline verify is about that.',
  'Anything but the residual mappings: the layer functions, and what reading from and writing to the streams adds.',
  'Preservation of the gradient norm: the component along the mean of the streams is preserved as far as rows and columns sum to 1; the mean-free part contracts.',
];

/** Measures, drafts, and has every claim confirmed by the checker. Undefined when it was stopped. */
export async function certifyOutputs(outputs: Outputs, options: CertifyOutputs): Promise<Certificate | undefined> {
  const { values, shape } = outputs;
  const n = shape.at(-1)!;
  const layers = options.depth && shape[0]! > 1 ? shape[0]! : undefined;
  const { stopped, onProgress } = options;
  const worst = await measureOutputs({ values, n, layers, transposed: options.orientation === 'transposed', stopped, onProgress: (share) => onProgress?.('measuring', share) });
  if (worst === undefined) return undefined;
  const subject = [{ name: outputs.file, digest: { sha256: sha256(outputs.bytes) } }];
  const { drafts, missing } = draftsOf(worst, outputs, layers, options.orientation);
  const unit = values.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  const claims: Claim[] = [];
  for (const [k, draft] of drafts.entries()) {
    if (stopped?.() === true) return undefined;
    onProgress?.(`confirming ${draft.quantity}`, k / drafts.length);
    const { claim, reason } = confirm(draft, subject, [outputs.bytes], unit);
    if (claim === undefined) missing.push(`${draft.quantity}: the checker does not confirm it (${reason}).`);
    else claims.push(claim);
  }
  const environment = { node: process.versions.node, platform: platform(), arch: arch(), cpu: cpus()[0]?.model ?? 'unknown' };
  return issueCertificate({ subject, environment, claims, notClaimed: [...notClaimed, ...missing] });
}

function draftsOf(worst: readonly Worst[], outputs: Outputs, layers: number | undefined, orientation: Orientation): { drafts: Draft[]; missing: string[] } {
  const drafts: Draft[] = [];
  const missing: string[] = [];
  for (const one of worst) {
    if (one.unbounded > 0) {
      missing.push(reasonOf(one));
      continue;
    }
    drafts.push(draftOf(one, outputs, layers, orientation));
    if (one.measure === 'two-norm') drafts.push(witnessDraft(one, outputs, layers));
  }
  return { drafts, missing };
}

function reasonOf({ measure, unbounded, index }: Worst): string {
  const why = measure === 'projection-distance' ? 'entries that are not positive, or a contraction too near 1, prove nothing' : 'it overflows';
  return `${measure}: ${unbounded === 1 ? 'one matrix has' : `${unbounded} matrices have`} no bound (first number ${index}): ${why}.`;
}
