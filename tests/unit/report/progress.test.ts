import { expect, it } from 'vitest';

import { createProgress } from '../../../src/report/progress.ts';
import type { RunEvent } from '../../../src/verify/results.ts';
import { held, reportOf, started } from './sample.ts';

const opened: RunEvent = { type: 'target-opened', target: reportOf([]).targets[0]! };
const property = (index: number): RunEvent => ({ type: 'property-started', target: 'mine', property: 'sinkhorn/positivity', index, planned: 4 });

it('rewrites one line on a terminal, not more often than ten times a second, and removes it', () => {
  let text = '';
  let time = 0;
  const progress = createProgress({ write: (part) => (text += part), isTTY: true, columns: 60 }, () => time);
  progress.onEvent(opened);
  progress.onEvent(started);
  text = '';
  time = 1000;
  progress.onEvent(property(0));
  progress.onEvent({ type: 'case-finished', target: 'mine', property: 'sinkhorn/positivity', cases: 1, margin: 0 });
  time = 2000;
  progress.onEvent({ type: 'property-finished', result: { ...held, problems: 5000 } });
  progress.stop();
  progress.onEvent(property(1));
  expect(text.split('\r')).toEqual([
    '',
    '\u001b[2K0/4  mine sinkhorn/positivity  0 problems/s',
    '\u001b[2K1/4  mine sinkhorn/positivity  2,500 problems/s, about 6.0 ', // cut at the width of the terminal
    '\u001b[2K',
  ]);
});

it('writes a plain line per target elsewhere', () => {
  let text = '';
  const progress = createProgress({ write: (part) => (text += part) });
  progress.onEvent(opened);
  progress.onEvent(started);
  progress.onEvent(property(0));
  progress.stop();
  expect(text).toBe('mine: available\n');
});
