/** One line on a terminal that is written over, at most ten times a second. */
import type { Output } from './reporter.ts';

const refreshMs = 100;
const eraseLine = '\r\u001b[2K';

export interface StatusLine {
  /** `force` draws whatever the time since the last. */
  draw(text: () => string, force: boolean): void;
  /** Removes the line until it is drawn again. */
  clear(): void;
  /** Removes the line; nothing is drawn afterwards. */
  stop(): void;
}

/** `now` is in milliseconds. */
export function createStatusLine(output: Output, now: () => number): StatusLine {
  let drawnAt = -Infinity;
  let stopped = false;
  const clear = (): void => {
    if (!stopped) output.write(eraseLine);
  };
  return {
    draw(text, force): void {
      if (stopped || (!force && now() - drawnAt < refreshMs)) return;
      drawnAt = now();
      // some pseudo-terminals claim to have no columns
      const columns = output.columns !== undefined && output.columns > 1 ? output.columns : 80;
      output.write(`${eraseLine}${text().slice(0, columns - 1)}`);
    },
    clear,
    stop(): void {
      clear();
      stopped = true;
    },
  };
}
