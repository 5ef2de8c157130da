/** The certificate of a checkpoint: what holds for every input of its network. */
import { readFileSync } from 'node:fs';
import { arch, cpus, platform } from 'node:os';
import { basename } from 'node:path';

import { PlumblineError } from '../../errors.ts';
import { boundOf } from '../bound.ts';
import type { Certificate, Claim } from '../certificate.ts';
import { confirm, type Draft } from '../confirm.ts';
import { issueCertificate, sha256 } from '../issue.ts';
import { kernelParameters } from '../inputs/kernel-parameters.ts';
import { deviation } from '../inputs/mapping.ts';
import { storing } from '../inputs/rounding.ts';
import type { MethodId } from '../methods.ts';
import { boundCheckpoint, type CheckpointBounds, type CheckpointOptions, type SublayerReport } from './bound-checkpoint.ts';

const declared = 'The kernel computes what the parameters name, and its arithmetic keeps within the errors that they name; those follow from the declared arithmetic.';
const normed = 'The projection is of streams divided by their root mean square, taken over all of them or over each, and is accumulated in f32 from operands rounded to TF32 or better.';
const ieee = 'IEEE 754 double arithmetic: + − × ÷ are correctly rounded, to nearest.';

/** Files beyond this are bounded, but no certificate of them can be checked: the checker reads a file whole. */
const largestFile = 2 ** 31 - 1;

export interface CheckpointCertificate {
  readonly certificate: Certificate;
  readonly bounds: CheckpointBounds;
  /** The files that it is about. */
  readonly files: readonly string[];
}

/** Undefined when it was stopped. Throws as `boundCheckpoint`, and `bad-file` for files that are too large to be checked. */
export function certifyCheckpoint(options: CheckpointOptions): CheckpointCertificate | undefined {
  const bounds = boundCheckpoint(options);
  if (bounds === undefined) return undefined;
  const names = [...new Set(bounds.sublayers.flatMap(({ names: one }) => tensorsOf(one).map((tensor) => bounds.checkpoint.get(tensor)!.file)))];
  const files = names.map((path) => ({ path, name: basename(path), bytes: readWhole(path) }));
  const subject = files.map(({ name, bytes }) => ({ name, digest: { sha256: sha256(bytes) } }));
  const notClaimed = [
    'The layer functions, and what reading from and writing to the streams adds: the claims are about the residual path.',
    'Preservation of the gradient norm: the component along the mean of the streams is preserved as far as lines sum to 1; the mean-free part contracts.',
    `Sublayers that are not in these files: ${bounds.sublayers.length} were found, up to ${bounds.sublayers.at(-1)!.names.name}.`,
  ];
  const claims: Claim[] = [];
  for (const draft of draftsOf(bounds, files.map(({ name }) => name).join(', '))) {
    if (options.stopped?.() === true) return undefined;
    options.onSublayer?.(claims.length, 6, `confirming ${draft.quantity}`);
    const { claim, reason } = confirm(draft, subject, files.map(({ bytes }) => bytes), 1);
    if (claim === undefined) notClaimed.push(`${draft.quantity}: the checker does not confirm it (${reason}).`);
    else claims.push(claim);
  }
  const certificate = issueCertificate({
    subject, operation: 'mappings', dialect: { ...bounds.dialect }, arithmetic: bounds.arithmetic, arithmeticEvidence: 'declared', claims, notClaimed,
    environment: { node: process.versions.node, platform: platform(), arch: arch(), cpu: cpus()[0]?.model ?? 'unknown' },
  });
  return { certificate, bounds, files: names };
}

function tensorsOf({ projection, scales, bias, normWeight }: SublayerReport['names']): string[] {
  return [projection, ...scales, bias, ...(normWeight === undefined ? [] : [normWeight])];
}

function readWhole(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new PlumblineError('bad-file', `'${path}' is too large for a certificate that can be checked: files of at most ${largestFile} bytes are.`, 'Save the parameters of mHC alone: they are some megabytes a layer.', { cause: error });
  }
}

function draftsOf(bounds: CheckpointBounds, files: string): Draft[] {
  const { sublayers, exact, composite, dialect, rounding, arithmetic, n } = bounds;
  const stored = storing(arithmetic);
  const free = exact === 'forward' ? 'backward' : 'forward';
  const kernel = { ...kernelParameters(dialect, n, rounding, stored), rounding: { ...rounding }, stored };
  const named = sublayers.map(({ names }) => [names.projection, names.scales.join('+'), names.bias, names.normWeight ?? '', names.name]);
  const draft = (method: MethodId, quantity: string, plain: Draft['plain'], value: number, place?: Claim['place']): Draft => ({
    id: `checkpoint/${method}`, strength: 'checkpoint', plain, quantity, relation: '<=', bound: boundOf(value, 'up'), method, parameters: { kernel, files, sublayers: named },
    assumptions: [declared, normed, ieee], domain: `every input of the network whose parameters are named, in ${files}`, ...(place === undefined ? {} : { place }),
  });
  const worst = (of: (one: SublayerReport) => number): { value: number; place: { sublayer: string } } => {
    const loosest = sublayers.reduce((a, b) => (of(b) > of(a) ? b : a));
    return { value: of(loosest), place: { sublayer: loosest.names.name } };
  };
  const [exactWorst, freeWorst, twoWorst, secondWorst] = [worst((one) => deviation(one[exact])), worst((one) => deviation(one[free])), worst((one) => one.bounds.twoNorm), worst((one) => one.bounds.secondSingularValue)];
  return [
    draft('network-exact-sums', 'max |sum of the exact side − 1|', (b) => `In every sublayer the lines of the side that is normalised last sum to 1 within ${b}.`, exactWorst.value, exactWorst.place),
    draft('network-free-sums', 'max |sum of the free side − 1|', (b) => `In every sublayer the lines of the other side sum to 1 within ${b}.`, freeWorst.value, freeWorst.place),
    draft('network-two-norm', 'max ‖H‖₂', (b) => `No sublayer lets the norm of a signal or of a gradient on the residual path grow by more than a factor of ${b}.`, twoWorst.value, twoWorst.place),
    draft('network-second-singular-value', 'max σ₂(H)', (b) => `The second singular value of every residual mapping is at most ${b}.`, secondWorst.value, secondWorst.place),
    draft('network-forward-gain', '‖∏H‖∞', (b) => `From the first sublayer to the last, the largest magnitude over the streams grows on the residual path by at most a factor of ${b}.`, composite.forward),
    draft('network-backward-gain', '‖∏H‖₁', (b) => `From the last sublayer to the first, the largest gradient over the streams grows on the residual path by at most a factor of ${b}.`, composite.backward),
  ];
}
