/** Why a kernel fails, in one sentence: what it computes, beside what it declares. */
import { operations } from '../operations/index.ts';
import type { OperationId } from '../operations/operation.ts';
import type { KernelDeclaration } from '../targets/kernel.ts';
import { KernelCaller } from '../verify/call.ts';
import { resolveKernel, type ResolvedKernel } from '../targets/resolve.ts';
import type { Explanation } from '../verify/results.ts';
import { identifiable, identifyKernel, type IdentifyOptions } from './identify.ts';
import { comparison, differencesOf, formatNumber, type Fields } from './naming.ts';
import type { Identification } from './result.ts';
import { shapeOf } from './shape/shape.ts';

/** A failure is not to wait longer for its sentence; on two free cores the slowest operation takes a fraction of it. */
const longestShapeMs = 20_000;
const notInDialect = 'the fault is not in its dialect';

/**
 * What a kernel that failed computes, beside its declaration: its dialect where there is an identifier for the operation, else or where that explains nothing the shape of its fault (shape/shape.ts).
 * Nothing when neither says anything, or when the run was stopped. Never throws for what the kernel does.
 */
export async function explainFailure(target: string, operation: OperationId, declaration: KernelDeclaration, options: IdentifyOptions = {}): Promise<Explanation | undefined> {
  const kernel = resolveKernel(operations[operation], declaration, operation);
  if (!kernel.streams.some((n) => n >= 2)) return undefined;
  const dialect = await byDialect(target, operation, declaration, kernel, options);
  if (dialect?.explained === true) return dialect.explanation;
  const deadline = performance.now() + longestShapeMs;
  const stopped = (): boolean => options.stopped?.() === true || performance.now() > deadline;
  const shape = await shapeOf(kernel, new KernelCaller(kernel, declaration.run, options.callTimeoutMs ?? 10_000, declaration.remote), stopped);
  const problems = shape.problems + (dialect?.explanation.problems ?? 0);
  if (shape.sentence === undefined) return dialect && { ...dialect.explanation, problems };
  return { target, operation, sentence: shape.sentence, verdict: 'identified', problems };
}

async function byDialect(target: string, operation: OperationId, declaration: KernelDeclaration, kernel: ResolvedKernel, options: IdentifyOptions): Promise<{ readonly explanation: Explanation; readonly explained: boolean } | undefined> {
  if (!identifiable.includes(operation)) return undefined;
  const found = await identifyKernel(operation, declaration, { ...options, declared: kernel.dialect });
  if (found === undefined) return undefined;
  const sentence = sentenceOf(found, kernel);
  const explained = found.verdict === 'no-answer' || (found.dialect !== undefined && (found.notes.length > 0 || !sentence.includes(notInDialect)));
  return { explanation: { target, operation, sentence, verdict: found.verdict, problems: found.problems }, explained };
}

/** The sentence, without a subject. */
export function sentenceOf(found: Identification, kernel: ResolvedKernel): string {
  const notes = found.notes.length === 0 ? '' : `. ${found.notes.join(' ')}`;
  if (found.verdict === 'no-answer') return found.sentence;
  if (found.dialect === undefined) return `${found.sentence}, which ${missedBy(found)}${notes}`;
  return `${identified(found, found.dialect, kernel)}${notes}`;
}

function missedBy({ nearest }: Identification): string {
  if (nearest === undefined) return 'was not judged';
  const { margin, probe, failing, claims } = nearest;
  const size = Number.isFinite(margin) ? `is off by ${formatNumber(Number(margin.toPrecision(2)))} × its bound` : 'overflows, or does not, where the kernel does the other';
  return `${size} on '${probe}' and fails ${failing} of ${claims} probes`;
}

function identified(found: Identification, dialect: Fields, { operation, dialect: declaredDialect, dtypes }: ResolvedKernel): string {
  const declared: Fields = declaredDialect;
  const unseen = found.fields.filter(({ status, field }) => status !== 'known' && field === 'orientation').map(({ field }) => field);
  const differences = differencesOf(dialect, declared, unseen);
  const read = found.fields.find(({ field }) => field === 'logitsReadAs')?.value;
  const reading = read === undefined || read === dtypes['logits'] ? '' : `, with its logits read as ${String(read)}`;
  if (dialect['layout'] === 'transposed') {
    if (differences.length === 0) return `computes the transpose of its declaration${reading}`;
    if (differences.every(({ field }) => field === 'lastNormalised')) return `computes its declaration on transposed logits${reading}`;
  }
  const turned = dialect['layout'] === 'transposed' ? ', and the result is transposed' : '';
  if (differences.length > 0) return `${comparison(dialect, declared, operation.presets, unseen)}${reading}${turned}`;
  if (reading !== '') return `computes its declaration${reading}`;
  const rounding = found.fields.find(({ field }) => field === 'rounding');
  return `computes its declaration on ${found.problems} simple problems${rounding === undefined ? '' : `, rounding as ${String(rounding.value)} may`}: ${notInDialect}`;
}
