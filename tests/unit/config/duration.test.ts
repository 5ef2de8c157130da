import { expect, it } from 'vitest';

import { parseDuration } from '../../../src/config/duration.ts';

it.each([['500ms', 500], ['60s', 60_000], ['1.5m', 90_000], ['2h', 7_200_000], [' 1s ', 1000]])('%s is %d ms', (text, ms) => {
  expect(parseDuration(text)).toBe(ms);
});

it.each(['60', '', 's', '-1s', '1d', '0s', '0.1ms', '1e3s', `${'9'.repeat(400)}s`])("'%s' is no length of time", (text) => {
  expect(() => parseDuration(text)).toThrow(expect.objectContaining({ code: 'bad-usage' }));
});
