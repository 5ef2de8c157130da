import { expect, it } from 'vitest';

import { exitCodeOf } from '../../../src/verify/exit-code.ts';
import type { ResultStatus } from '../../../src/verify/results.ts';

function codeOf(statuses: ResultStatus[], more: { required?: string[]; available?: boolean; interrupted?: boolean } = {}): number {
  return exitCodeOf({
    results: statuses.map((status) => ({ target: 'mine', status })),
    targets: [{ name: 'mine', status: more.available === false ? 'unavailable' : 'available' }, { name: 'other', status: 'unavailable' }],
    required: more.required,
    interrupted: more.interrupted ?? false,
  });
}

it.each<[string, number, number]>([
  ['all held', codeOf(['passed', 'passed']), 0],
  ['claims that are not about the kernel do not count', codeOf(['passed', 'unsupported']), 0],
  ['a counterexample', codeOf(['passed', 'failed']), 1],
  ['a counterexample outweighs a crash', codeOf(['failed', 'errored']), 1],
  ['a counterexample outweighs an unfinished property', codeOf(['failed', 'incomplete']), 1],
  ['a crash', codeOf(['passed', 'errored']), 4],
  ['a target that was asked for is unavailable', codeOf(['passed'], { required: ['other'] }), 4],
  ['a target that was asked for is unknown', codeOf(['passed'], { required: ['third'] }), 4],
  ['a target that nobody asked for is unavailable', codeOf(['passed'], { required: ['mine'] }), 0],
  ['no results', codeOf([]), 5],
  ['only claims that are not about the kernel', codeOf(['unsupported']), 5],
  ['time ran out inside a property', codeOf(['passed', 'incomplete']), 5],
  ['time ran out before a property', codeOf(['passed', 'skipped']), 5],
  ['everything skipped because the target is unavailable', codeOf(['skipped'], { available: false }), 5],
  ['interrupted, whatever was found', codeOf(['failed', 'errored'], { interrupted: true }), 130],
])('%s', (_, code, expected) => {
  expect(code).toBe(expected);
});
