/** Whether two kernels' times can be held against each other: only where both do the same work in the same place. */
import type { ResolvedKernel } from '../targets/resolve.ts';

type About = Readonly<Record<string, string | number | boolean>>;

/** What a target says of where it runs, and of how that computes. Versions of frameworks are not among them: they may be what is compared. */
const places = /device|gpu|driver|adapter|vendor|architecture|machine|backend|^cuda$|^rocm$|^node$|tf32|fast.?math|precision|denormal|flush/i;

/** Why not; undefined when they can be. */
export function incomparable(baseline: { kernel: ResolvedKernel; about: About | undefined }, candidate: { kernel: ResolvedKernel; about: About | undefined }): string | undefined {
  const [a, b] = [baseline.about ?? {}, candidate.about ?? {}];
  const keys = [...new Set([...Object.keys(a), ...Object.keys(b)])].filter((key) => places.test(key));
  const place = keys.find((key) => a[key] !== b[key]);
  if (place !== undefined) return `the baseline ran with ${place} ${said(a[place])}, the candidate with ${said(b[place])}`;
  const ports = Object.keys(baseline.kernel.dtypes);
  const port = ports.find((name) => baseline.kernel.dtypes[name] !== candidate.kernel.dtypes[name]);
  if (port !== undefined) return `the baseline has ${port} in ${baseline.kernel.dtypes[port]}, the candidate in ${candidate.kernel.dtypes[port]}`;
  const [x, y] = [baseline.kernel.dialect, candidate.kernel.dialect] as unknown as [Record<string, unknown>, Record<string, unknown>];
  const field = Object.keys(x).find((name) => x[name] !== y[name]);
  return field === undefined ? undefined : `the baseline computes ${field} ${said(x[field])}, the candidate ${said(y[field])}`;
}

function said(value: unknown): string {
  return value === undefined ? 'unsaid' : JSON.stringify(value);
}
