/** All operations as plain TypeScript that a reader can check against the paper, with their declarations. */
import type { ArithmeticInput } from '../../numerics/arithmetic.ts';
import type { OperationId } from '../../operations/operation.ts';
import { relativeDialects, type RelativeDialects } from '../../operations/relatives/dialects.ts';
import { sinkhornPresets, type SinkhornDialect, type SinkhornVjpDialect } from '../../operations/sinkhorn/dialect.ts';
import type { Dtype } from '../../tensor/dtype.ts';
import type { ReferenceRun, Round } from './kernel.ts';
import * as relative from './relatives/index.ts';
import { sinkhornKernel } from './sinkhorn.ts';
import { sinkhornVjpKernel } from './sinkhorn-vjp.ts';
import { stackKernel } from './stack.ts';
import { stackVjpKernel } from './stack-vjp.ts';
import { streamReadKernel } from './stream-read.ts';
import { streamReadVjpKernel } from './stream-read-vjp.ts';
import { streamWriteKernel } from './stream-write.ts';
import { streamWriteVjpKernel } from './stream-write-vjp.ts';

export type { ReferenceRun, Round } from './kernel.ts';
export { sinkhornKernel, sinkhornVjpKernel, stackKernel, stackVjpKernel, streamReadKernel, streamReadVjpKernel, streamWriteKernel, streamWriteVjpKernel };

export interface ReferenceOptions {
  /** Default: the preset `tilekernels`. Its orientation is also that of the mixing operations. */
  readonly sinkhorn?: SinkhornDialect;
  /** Default: unrolled. */
  readonly derivative?: SinkhornVjpDialect['derivative'];
  /** Dialects of the relatives of mHC; each has its own default. */
  readonly relatives?: Partial<RelativeDialects>;
  /** Applied after every arithmetic operation. Default: `Math.fround`. */
  readonly round?: Round;
  /** Dtype of the outputs (inputs may have any). Default: f32. */
  readonly storage?: Dtype;
  /** What the kernels declare; by default the IEEE arithmetic that the storage asks for. Say it where `round` is another. */
  readonly arithmetic?: ArithmeticInput;
}

/** A kernel's declaration; fits `KernelDeclaration`. */
export interface ReferenceDeclaration {
  readonly dialect: Readonly<Record<string, unknown>>;
  readonly arithmetic: ArithmeticInput;
  readonly run: ReferenceRun;
}

const declared: Record<Dtype, string> = { f32: 'ieee-f32', f64: 'ieee-f64', bf16: 'bf16-storage', f16: 'f16-storage' };

/** The reference kernels. For f64 throughout give `round: (x) => x` and `storage: 'f64'`. */
export function referenceKernels(options: ReferenceOptions = {}): Record<OperationId, ReferenceDeclaration> {
  const { derivative = 'unrolled', round = Math.fround, storage = 'f32' } = options;
  const arithmetic = options.arithmetic ?? declared[storage];
  const sinkhorn = options.sinkhorn ?? sinkhornPresets['tilekernels']!;
  const sinkhornVjp: SinkhornVjpDialect = { ...sinkhorn, derivative };
  const mixing = { orientation: sinkhorn.orientation };
  return {
    sinkhorn: { dialect: { ...sinkhorn }, arithmetic, run: sinkhornKernel(sinkhorn, round, storage) },
    'sinkhorn-vjp': { dialect: { ...sinkhornVjp }, arithmetic, run: sinkhornVjpKernel(sinkhornVjp, round, storage) },
    'stream-read': { dialect: {}, arithmetic, run: streamReadKernel(round, storage) },
    'stream-read-vjp': { dialect: {}, arithmetic, run: streamReadVjpKernel(round, storage) },
    'stream-write': { dialect: mixing, arithmetic, run: streamWriteKernel(mixing, round, storage) },
    'stream-write-vjp': { dialect: mixing, arithmetic, run: streamWriteVjpKernel(mixing, round, storage) },
    stack: { dialect: mixing, arithmetic, run: stackKernel(mixing, round, storage) },
    'stack-vjp': { dialect: mixing, arithmetic, run: stackVjpKernel(mixing, round, storage) },
    ...relativeKernels({ ...relativeDialects, ...options.relatives }, round, storage, arithmetic),
  };
}

type RelativeKernels = Pick<Record<OperationId, ReferenceDeclaration>, keyof RelativeDialects | `${keyof RelativeDialects}-vjp` | 'plain-residual' | 'plain-residual-vjp'>;

function relativeKernels(dialects: RelativeDialects, round: Round, storage: Dtype, arithmetic: ArithmeticInput): RelativeKernels {
  const { cayley, kronecker, 'hyper-connection': hyper, 'permutation-mixture': mixture } = dialects;
  const declare = (dialect: object, run: ReferenceRun): ReferenceDeclaration => ({ dialect: { ...dialect }, arithmetic, run });
  return {
    'permutation-mixture': declare(mixture, relative.permutationMixtureKernel(mixture, round, storage)),
    'permutation-mixture-vjp': declare(mixture, relative.permutationMixtureVjpKernel(mixture, round, storage)),
    kronecker: declare(kronecker, relative.kroneckerKernel(kronecker, round, storage)),
    'kronecker-vjp': declare(kronecker, relative.kroneckerVjpKernel(kronecker, round, storage)),
    cayley: declare(cayley, relative.cayleyKernel(cayley, round, storage)),
    'cayley-vjp': declare(cayley, relative.cayleyVjpKernel(cayley, round, storage)),
    'hyper-connection': declare(hyper, relative.hyperConnectionKernel(hyper, round, storage)),
    'hyper-connection-vjp': declare(hyper, relative.hyperConnectionVjpKernel(hyper, round, storage)),
    'plain-residual': declare({}, relative.plainResidualKernel(round, storage)),
    'plain-residual-vjp': declare({}, relative.plainResidualVjpKernel(storage)),
  };
}
