/**
 * Progress on standard error: on a terminal one line that is written over, elsewhere a plain line per target, so that a log neither
 * stays silent nor fills with animation.
 */
import type { RunEvent, TargetReport } from '../verify/results.ts';
import { count, duration } from './figures.ts';
import type { Output } from './reporter.ts';
import { createStatusLine } from './status-line.ts';

export interface Progress {
  onEvent(event: RunEvent): void;
  /** Removes the status line until the next event, so that something else can be written. */
  clear(): void;
  /** Removes the status line; nothing is written afterwards. */
  stop(): void;
}

/** `now` is in milliseconds. */
export function createProgress(output: Output, now: () => number = () => performance.now()): Progress {
  return output.isTTY === true ? createLiveProgress(output, now) : createPlainProgress(output);
}

function createPlainProgress(output: Output): Progress {
  let stopped = false;
  return {
    onEvent(event): void {
      if (!stopped && event.type === 'target-opened') output.write(`${describeTarget(event.target)}\n`);
    },
    clear(): void {},
    stop(): void {
      stopped = true;
    },
  };
}

export function describeTarget({ name, status, reason }: TargetReport): string {
  return `${name}: ${status}${reason === undefined ? '' : `, ${reason}`}`;
}

function createLiveProgress(output: Output, now: () => number): Progress {
  const line = createStatusLine(output, now);
  const started = now();
  let problems = 0;
  let finished = 0;
  let planned = 0;
  let doing = '';

  function text(): string {
    const elapsed = now() - started;
    const rate = elapsed > 0 ? Math.round((problems / elapsed) * 1000) : 0;
    const left = finished > 0 ? `, about ${duration((elapsed / finished) * (planned - finished))} left` : '';
    return `${finished}/${planned}  ${doing}  ${count(rate)} problems/s${left}`;
  }

  return {
    onEvent(event): void {
      if (event.type === 'run-started') planned = event.planned;
      if (event.type === 'target-opened') doing = describeTarget(event.target);
      if (event.type === 'property-started') {
        planned = event.planned;
        doing = `${event.target} ${event.property}`;
      }
      if (event.type === 'screening') doing = `${event.target} ${event.property}: ${count(event.problems)} problems screened on the device`;
      if (event.type === 'shrinking') doing = `${event.target} ${event.property}: shrinking, ${event.kernelCalls} calls, ${event.problems} problems left`;
      if (event.type === 'property-finished') {
        finished++;
        problems += event.result.problems;
      }
      line.draw(text, event.type === 'target-opened' || event.type === 'run-started');
    },
    clear: () => line.clear(),
    stop: () => line.stop(),
  };
}
