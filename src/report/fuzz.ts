/** What a person sees of a campaign: a live line while it runs, what it reached beside the claims when it is over. */
import type { FuzzReport, FuzzStatus } from '../fuzz/options.ts';
import { count, counted, duration, figure } from './figures.ts';
import type { Output } from './reporter.ts';
import { createStatusLine, type StatusLine } from './status-line.ts';
import type { Style } from './style.ts';

/** How often a plain log hears of a campaign that goes on, in milliseconds. */
const plainMs = 60_000;

export interface FuzzProgress {
  onStatus(status: FuzzStatus): void;
  /** Writes a line beside the live one. */
  say(text: string): void;
  stop(): void;
}

/** One line that is written over on a terminal; elsewhere a line now and then. `now` is in milliseconds. */
export function createFuzzProgress(output: Output, now: () => number = () => performance.now()): FuzzProgress {
  const line: StatusLine | undefined = output.isTTY === true ? createStatusLine(output, now) : undefined;
  let said = now();
  return {
    onStatus(status): void {
      if (line !== undefined) line.draw(() => formatStatus(status), false);
      else if (now() - said > plainMs) {
        said = now();
        output.write(`${formatStatus(status)}\n`);
      }
    },
    say(text): void {
      line?.clear();
      output.write(`${text}\n`);
    },
    stop: () => line?.stop(),
  };
}

/** Problems a second, coverage, the largest margins, and the last find. */
export function formatStatus({ problems, coverage, pool, elapsedMs, margins, lastFind, counterexamples }: FuzzStatus): string {
  const rate = elapsedMs > 0 ? Math.round((1000 * problems) / elapsedMs) : 0;
  const largest = Object.entries(margins).sort(([, a], [, b]) => b - a).slice(0, 3).map(([id, margin]) => `${id.split('/').at(-1)} ${figure(margin)}`);
  const found = counterexamples === 0 ? [] : [counted(counterexamples, 'counterexample')];
  return [duration(elapsedMs), `${count(rate)} problems/s`, ...found, `${count(coverage)} events`, `pool ${count(pool)}`, largest.join(', '), `last: ${lastFind ?? 'nothing yet'}`].filter((part) => part !== '').join(' · ');
}

/** The lines after the report of the claims. */
export function formatCampaign({ fuzz }: FuzzReport, style: Style): string {
  const lines = [
    `${style.bold('campaign')}  ${counted(fuzz.problems, 'problem')}, ${count(Math.round(fuzz.problemsPerSecond))} a second on ${counted(fuzz.threads, 'thread')}${fuzz.guided ? `; ${counted(fuzz.coverage, 'event')} met, ${counted(fuzz.pool, 'problem')} in the pool` : '; not guided'}`,
    ...fuzz.pursuits.map(({ target, objective, best, problems }) => `  ${target}: ${objective}: ${figure(best)} at most, of ${counted(problems, 'problem')}`),
    ...fuzz.warnings.map((warning) => style.yellow(`  ${warning}`)),
  ];
  return lines.join('\n');
}
