import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect, it } from 'vitest';

import { annotations, createGithubReporter } from '../../../src/report/github.ts';
import { createJsonReporter } from '../../../src/report/json.ts';
import { createJunitReporter, reportToJunit } from '../../../src/report/junit.ts';
import { failed, held, hung, recording, reportOf, results } from './sample.ts';

const folder = mkdtempSync(join(tmpdir(), 'plumbline-report-'));

it('json: alone on standard output', () => {
  const { context, stdout, stderr } = recording('-');
  createJsonReporter(context).finish(reportOf(results));
  const parsed = JSON.parse(stdout()) as { results: { counterexample?: { replay: string } }[]; totals: unknown };
  expect(parsed.results[2]!.counterexample!.replay).toContain('plumbline replay');
  expect(parsed.totals).toEqual({ passed: 2, failed: 2, skipped: 0, unsupported: 1, incomplete: 1, errored: 1 });
  expect(stderr()).toBe('');
});

it('json: to a file, with the numbers that JSON lacks as text', () => {
  const file = join(folder, 'deep', 'report.json');
  const { context, stdout, stderr } = recording(file);
  createJsonReporter(context).finish(reportOf([{ ...held, margin: Infinity }, { ...held, margin: Number.NaN }]));
  const parsed = JSON.parse(readFileSync(file, 'utf8')) as { results: { margin: unknown }[] };
  expect(parsed.results.map(({ margin }) => margin)).toEqual(['Infinity', 'NaN']);
  expect([stdout(), stderr()]).toEqual(['', `JSON report: ${file}\n`]);
});

it('junit: a suite per target, a case per property', () => {
  expect(reportToJunit(reportOf([held, failed, { ...held, status: 'incomplete', reason: 'stopped "early"' }, results[4]!]))).toMatchInlineSnapshot(`
    "<?xml version="1.0" encoding="UTF-8"?>
    <testsuites name="plumbline" tests="4" failures="1" errors="1" skipped="1" time="0.480">
      <testsuite name="mine" tests="4" failures="1" errors="1" skipped="1" time="0.480">
        <testcase classname="mine.sinkhorn" name="sinkhorn/positivity" time="0.120">
          <properties>
            <property name="margin" value="0.31"/>
            <property name="cases" value="40"/>
            <property name="problems" value="12345"/>
            <property name="seed" value="11"/>
            <property name="class" value="exact"/>
          </properties>
        </testcase>
        <testcase classname="mine.sinkhorn" name="sinkhorn/column-sums" time="0.120">
          <properties>
            <property name="margin" value="2583.3"/>
            <property name="cases" value="40"/>
            <property name="problems" value="12345"/>
            <property name="seed" value="11"/>
            <property name="class" value="exact"/>
          </properties>
          <failure message="measured 3.1e-4, bound 1.2e-7, margin 2580" type="wrong-values">✗ sinkhorn/column-sums on mine
      claim     The columns add up to one. (exact)
      found     wrong-values
      measured  3.1e-4  column 1 sum − 1  (residualMapping, token 0)
      bound     1.2e-7  margin 2580
                = 8.0e-8 divisions + 4.0e-8 exponentials + 1 smaller

      residualMapping f32 [1, 2, 2], token 0
        row 0  0.5  0.5

      case      1 problem, shrunk in 43 kernel calls
        # tokens 1, streams 2
        logits = [[0, 3], [0, 0]]

      replay    plumbline replay .plumbline/failures/mine-sinkhorn-column-sums-0f3a91bc.safetensors --config kernels.ts</failure>
        </testcase>
        <testcase classname="mine.sinkhorn" name="sinkhorn/positivity" time="0.120">
          <properties>
            <property name="margin" value="0.31"/>
            <property name="cases" value="40"/>
            <property name="problems" value="12345"/>
            <property name="seed" value="11"/>
            <property name="class" value="exact"/>
          </properties>
          <error message="stopped &quot;early&quot;" type="incomplete">stopped &quot;early&quot;</error>
        </testcase>
        <testcase classname="mine.sinkhorn" name="sinkhorn/n2-closed-form" time="0.120">
          <properties>
            <property name="margin" value="0"/>
            <property name="cases" value="0"/>
            <property name="problems" value="0"/>
            <property name="seed" value="11"/>
            <property name="class" value="exact"/>
          </properties>
          <skipped message="unsupported: the kernel supports n = 4"/>
        </testcase>
      </testsuite>
      <testsuite name="crashing" tests="0" failures="0" errors="0" skipped="0" time="0.000">
      </testsuite>
      <testsuite name="tfjs-node-gpu" tests="0" failures="0" errors="0" skipped="0" time="0.000">
      </testsuite>
    </testsuites>
    "
  `);
});

it('junit: stays XML whatever a kernel says', () => {
  const hostile = { ...hung, counterexample: { ...hung.counterexample!, message: '\u0000\u0008]]><a & "b"\ud800\n', typed: '\uffff' } };
  const file = join(folder, 'junit.xml');
  const { context } = recording(file);
  createJunitReporter(context).finish(reportOf([hostile]));
  const text = readFileSync(file, 'utf8');
  expect(text).toContain(']]&gt;&lt;a &amp; &quot;b&quot;');
  // what XML 1.0 allows: tab, newline, and everything from the space on but surrogates and the last two of the plane
  expect(text).toMatch(/^[\t\n -\ud7ff\ue000-\ufffd]*$/);
});

it('github: escapes workflow commands and annotates at most ten', () => {
  const [first] = annotations(reportOf([{ ...failed, claim: '100 %\r\nof it' }]));
  expect(first).toMatchInlineSnapshot(`"::error title=mine%3A sinkhorn/column-sums failed::100 %25%0D%0Aof it%0Ameasured 3.1e-4, bound 1.2e-7, margin 2580%0Aplumbline replay .plumbline/failures/mine-sinkhorn-column-sums-0f3a91bc.safetensors --config kernels.ts"`);
  const many = annotations(reportOf(Array.from({ length: 30 }, () => failed)));
  expect(many).toHaveLength(10);
  expect(many.at(-1)).toBe('::error title=plumbline::21 more; the step summary has them.');
  expect(annotations(reportOf(Array.from({ length: 10 }, () => failed)))).toHaveLength(10);
  expect(annotations(reportOf([held]))).toEqual([]);
  expect(annotations(reportOf([{ ...failed, explanation: 'computes another thing' }]))[0]).toContain('%0AThe kernel computes another thing%0A');
});

it('junit: what the kernel computes is in the text of the failure', () => {
  expect(reportToJunit(reportOf([{ ...failed, explanation: 'computes a < b' }]))).toContain('  kernel    computes a &lt; b\n');
});

it('github: appends a summary of the step', () => {
  const file = join(folder, 'summary.md');
  writeFileSync(file, 'before\n');
  const { context, stdout } = recording(undefined, { GITHUB_STEP_SUMMARY: file });
  createGithubReporter(context).finish(reportOf([held, failed]));
  expect(stdout().split('\n')[0]).toMatch(/^::error title=mine%3A sinkhorn\/column-sums failed::/);
  expect(readFileSync(file, 'utf8')).toMatchInlineSnapshot(`
    "before
    ## plumbline

    1 failed · 1 passed  
    seed 42 · effort quick · 24,690 problems in 1.2 s

    \`\`\`text
    ✗ sinkhorn/column-sums on mine
      claim     The columns add up to one. (exact)
      found     wrong-values
      measured  3.1e-4  column 1 sum − 1  (residualMapping, token 0)
      bound     1.2e-7  margin 2580
                = 8.0e-8 divisions + 4.0e-8 exponentials + 1 smaller

      residualMapping f32 [1, 2, 2], token 0
        row 0  0.5  0.5

      case      1 problem, shrunk in 43 kernel calls
        # tokens 1, streams 2
        logits = [[0, 3], [0, 0]]

      replay    plumbline replay .plumbline/failures/mine-sinkhorn-column-sums-0f3a91bc.safetensors --config kernels.ts
    \`\`\`

    ### mine

    | property | operation | status | cases | problems | margin | |
    | --- | --- | --- | ---: | ---: | ---: | --- |
    | sinkhorn/positivity | sinkhorn | passed | 40 | 12,345 | 0.31 | \`██▌     \` |
    | sinkhorn/column-sums | sinkhorn | failed | 40 | 12,345 | 2580 | \`████████\` |

    ### tfjs-node-gpu

    unavailable: libcudart.so.11.0 cannot be opened. Install CUDA 11.2.
    "
  `);
});
