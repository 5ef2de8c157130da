/** The last lines of a run, shared by the reporters for people: totals, seed, and why the exit code is what it is. */
import { exitCodes } from '../verify/exit-code.ts';
import type { Report, ResultStatus } from '../verify/results.ts';
import { count, counted, duration, isMarginal } from './figures.ts';
import type { Style } from './style.ts';

const statuses: readonly ResultStatus[] = ['failed', 'errored', 'incomplete', 'skipped', 'passed', 'unsupported'];

/** `1 failed · 40 passed (2 marginal) · 3 unsupported` */
export function formatTotals(report: Report, style: Style): string {
  const marginal = report.results.filter(isMarginal).length;
  const paint: Partial<Record<ResultStatus, (text: string) => string>> = { failed: style.red, errored: style.red, incomplete: style.yellow, skipped: style.yellow, passed: style.green };
  const parts = statuses
    .filter((status) => report.totals[status] > 0)
    .map((status) => {
      const text = `${count(report.totals[status])} ${status}${status === 'passed' && marginal > 0 ? ` (${count(marginal)} marginal)` : ''}`;
      return (paint[status] ?? style.dim)(text);
    });
  return parts.length === 0 ? style.yellow('nothing ran') : parts.join(' · ');
}

/** `seed 42 · effort quick · 12,345 problems in 1.2 s` */
export function formatRun(report: Report): string {
  const problems = report.results.reduce((sum, result) => sum + result.problems, 0);
  const screened = report.results.reduce((sum, result) => sum + (result.screened ?? 0), 0);
  const onDevice = screened === 0 ? '' : `, ${count(screened)} more screened on the device,`;
  return `seed ${report.seed} · effort ${report.effort} · ${counted(problems, 'problem')}${onDevice} in ${duration(report.durationMs)}${shardsOf(report)}`;
}

/** ` · shard 3/16`, ` · 16 shards`, ` · 14 of 16 shards`; nothing for a run that is whole by itself. */
function shardsOf({ shards }: Report): string {
  if (shards === undefined) return '';
  const { count: all, included, merged } = shards;
  if (!merged) return ` · shard ${included[0]}/${all}`;
  return ` · ${included.length < all ? `${included.length} of ` : ''}${counted(all, 'shard')}`;
}

/** The shards that a merged report lacks. */
function missingShards({ shards }: Report): number[] {
  if (shards?.merged !== true) return [];
  return Array.from({ length: shards.count }, (_, k) => k + 1).filter((index) => !shards.included.includes(index));
}

/** Why the run did not simply hold; undefined when it held, or when the failures above say it. */
export function explainExit(report: Report): string | undefined {
  const { totals, targets } = report;
  switch (report.exitCode) {
    case exitCodes.interrupted:
      return 'Interrupted: this is a partial report (exit code 130).';
    case exitCodes.target: {
      const missing = targets.filter((target) => target.status === 'unavailable').map((target) => target.name);
      const what = totals.errored > 0 ? `${counted(totals.errored, 'claim')} could not be checked because a target crashed or hung` : `a target that was asked for cannot run here: ${missing.join(', ')}`;
      return `${what[0]!.toUpperCase()}${what.slice(1)} (exit code 4).`;
    }
    case exitCodes.nothingRan:
      if (missingShards(report).length > 0) return `Incomplete: shards ${missingShards(report).join(', ')} of ${report.shards!.count} are missing (exit code 5).`;
      if (report.shards !== undefined && report.results.length === 0) return `Nothing ran: all cases are in other shards; ask for fewer than ${report.shards.count} (exit code 5).`;
      if (totals.passed + totals.incomplete === 0) return 'Nothing ran: no claim was checked (exit code 5).';
      return `Not everything ran: ${counted(totals.incomplete + totals.skipped, 'claim')} unfinished when the time was over (exit code 5).`;
    default:
      return undefined;
  }
}
