import { expect, it } from 'vitest';

import { renderTyped } from '../../../src/verify/typed.ts';
import { renderWindow } from '../../../src/verify/window.ts';

const quarter = new Float64Array(16).fill(0.25);

it('shows the failing row, the marker, the expected row and one neighbour each side', () => {
  const measured = quarter.with(9, Math.fround(0.7));
  expect(renderWindow({ output: 'residualMapping', shape: [1, 4, 4], dtype: 'f32', measured, expected: quarter, index: 9 })).toMatchInlineSnapshot(`
    "residualMapping f32 [1, 4, 4], token 0, column 1
      row 1  0.25  0.25  0.25  0.25
      row 2  0.25   0.7  0.25  0.25   measured
                    ^^^
             0.25  0.25  0.25  0.25   expected
      row 3  0.25  0.25  0.25  0.25"
  `);
});

it('never shows rows of another token', () => {
  const measured = Float64Array.from({ length: 8 }, (_, i) => i);
  expect(renderWindow({ output: 'y', shape: [2, 2, 2], dtype: 'f32', measured, index: 4 })).toMatchInlineSnapshot(`
    "y f32 [2, 2, 2], token 1, column 0
      row 0  4  5   measured
             ^
      row 1  6  7"
  `);
});

it('cuts long rows around the failing element', () => {
  const measured = Float64Array.from({ length: 64 }, (_, i) => i);
  expect(renderWindow({ output: 'layerInput', shape: [1, 64], dtype: 'bf16', measured, expected: measured.with(30, 31), index: 30 })).toMatchInlineSnapshot(`
    "layerInput bf16 [1, 64], token 0, column 30
        … 27  28  29  30  31  32  33 …   measured
                      ^^
        … 27  28  29  31  31  32  33 …   expected"
  `);
});

it('labels the rows of a stack of matrices by depth and row', () => {
  const measured = new Float64Array(2 * 2 * 2 * 2);
  expect(renderWindow({ output: 'residualMappingsGradient', shape: [2, 2, 2, 2], dtype: 'f64', measured, index: 13 })).toMatchInlineSnapshot(`
    "residualMappingsGradient f64 [2, 2, 2, 2], token 1, column 1
      [0, 1]  0  0
      [1, 0]  0  0   measured
                 ^
      [1, 1]  0  0"
  `);
});

it('shows every digit where the printed numbers would look equal', () => {
  const text = renderWindow({ output: 'y', shape: [1, 1, 1], dtype: 'f32', measured: Float64Array.of(1), expected: Float64Array.of(1 + 2 ** -40), index: 0 });
  expect(text).toContain('1.0000000000009095');
});

it('shows the start of the token when the claim is about all of it, and nothing when there is no such element', () => {
  expect(renderWindow({ output: 'y', shape: [2, 2, 2], dtype: 'f32', measured: new Float64Array(8), index: -1, token: 1 })).toMatchInlineSnapshot(`
    "y f32 [2, 2, 2], token 1
      row 0  0  0
      row 1  0  0"
  `);
  expect(renderWindow({ output: 'y', shape: [0, 2], dtype: 'f32', measured: new Float64Array(0), index: -1 })).toBe('');
  expect(renderWindow({ output: 'y', shape: [1, 2], dtype: 'f32', measured: new Float64Array(2), index: 5 })).toBe('');
});

it('writes small inputs as literals, without the dimension of a single token', () => {
  const logits = { name: 'logits', shape: [1, 2, 2], dtype: 'f32', values: [0, 3, -0, Number.NaN] } as const;
  expect(renderTyped([logits], { tokens: 1, streams: 2 })).toMatchInlineSnapshot(`
    "# tokens 1, streams 2
    logits = [[0, 3], [-0, NaN]]"
  `);
  expect(renderTyped([{ ...logits, shape: [2, 2, 1] }], { tokens: 2 })).toContain('[[[0], [3]], [[-0], [NaN]]]');
});

it('names large inputs by what sets them apart from a constant', () => {
  const values = new Float32Array(40).fill(1);
  const streams = { name: 'streams', shape: [1, 4, 10], dtype: 'f32', values } as const;
  expect(renderTyped([streams], {})).toContain('streams = all 1 [4, 10]');
  expect(renderTyped([{ ...streams, values: values.with(13, 0.5) }], {})).toContain('streams = all 1 [4, 10] except [1, 3] = 0.5');
  const long = { ...streams, shape: [1, 4, 100], values: Float64Array.from({ length: 400 }, (_, i) => i) };
  expect(renderTyped([long], {})).toContain('f32 [4, 100], 400 values, see the counterexample file');
});
