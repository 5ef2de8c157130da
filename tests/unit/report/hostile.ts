/** A report in which everything that a stranger can name or say tries to leave its place: as HTML, as Markdown, as a link, as a control sequence. */
import type { PropertyResult, Report } from '../../../src/verify/results.ts';
import { failed, held, hung, reportOf } from './sample.ts';

/** Ends whatever it may stand in, then loads and runs something. */
export const payload = '</style></title></svg></pre>"\' --><script>document.title="pwned"</script><img src=x onerror=document.title="pwned"> [a](javascript:document.title=1) | `code` \u001b[2J\u202e\ud800\n# heading';

export const hostileResults: readonly PropertyResult[] = [
  {
    ...failed, target: payload, property: `p/${payload}`, claim: payload, reason: payload, explanation: payload,
    worst: { ...failed.worst!, output: payload, what: payload },
    counterexample: {
      ...failed.counterexample!, file: `a b/${payload}`, replay: payload, message: payload, window: payload, typed: payload, shrinkingStopped: payload,
      worst: { ...failed.worst!, output: payload, what: payload }, terms: [{ name: payload, value: 1 }],
    },
  },
  { ...held, target: payload, property: `held/${payload}`, claim: payload, margins: { tokens: 3, p50: 0.1, p90: 0.2, p99: 0.25, max: 0.31 } },
  { ...held, target: payload, property: 'errored', status: 'errored', reason: payload, fault: payload },
  { ...hung, target: payload, counterexample: { ...hung.counterexample!, message: payload } },
  { ...held, margin: Number.NaN, worst: { ...held.worst!, measured: Number.NaN, bound: Infinity, margin: Number.NaN } },
];

export const hostileReport: Report = reportOf(hostileResults, {
  environment: { [payload]: payload },
  targets: [
    { name: payload, description: payload, status: 'available', reason: undefined, remedy: undefined, about: { [payload]: payload } },
    { name: `missing ${payload}`, description: payload, status: 'unavailable', reason: payload, remedy: payload },
    { name: 'mine', description: '', status: 'available', reason: undefined, remedy: undefined },
  ],
  explanations: [{ target: payload, operation: 'sinkhorn', sentence: payload, verdict: 'identified', problems: 3 }],
});
