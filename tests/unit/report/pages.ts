/** One of each page, from hostile data where a stranger's words can stand, and what a page must be, found in its parsed tree. */
import { parse, type DefaultTreeAdapterTypes } from 'parse5';

import { compare } from '../../../src/compare/compare.ts';
import { designs } from '../../../src/compare/designs.ts';
import { settings } from '../../../src/compare/inputs.ts';
import type { Certificate } from '../../../src/certify/certificate.ts';
import { certifyInputs } from '../../../src/certify/inputs/certify-inputs.ts';
import { sinkhornPresets } from '../../../src/operations/sinkhorn/dialect.ts';
import type { BenchReport } from '../../../src/perf/results.ts';
import { benchPage } from '../../../src/report/html/bench.ts';
import { certificatePage, checkedPage } from '../../../src/report/html/certificate.ts';
import { comparePage } from '../../../src/report/html/compare.ts';
import { verifyPage } from '../../../src/report/html/verify.ts';
import { hostileReport, payload } from './hostile.ts';
import { reportOf, results } from './sample.ts';

const samples = Array.from({ length: 30 }, (_, k) => 1 + (k % 7) / 10);
const times = { median: 1.3, p5: 1, p95: 1.6, calls: 4, samples };
const bench: BenchReport = {
  schemaVersion: 1, kind: 'bench', plumbline: '0.1.0', seed: 1, environment: { [payload]: payload }, against: payload, budget: { memoryBytes: 1, callMs: 1 },
  targets: [{ name: payload, description: payload, status: 'available', reason: undefined, remedy: undefined }, { name: 'missing', description: '', status: 'unavailable', reason: payload, remedy: payload }],
  results: [
    { target: payload, workload: payload, operation: 'sinkhorn', sizes: { tokens: 1, streams: 4, channels: 1, depth: 1 }, status: 'timed', cache: 'warm', counts: {}, times },
    { target: payload, workload: 'wrong', operation: 'sinkhorn', sizes: { tokens: 1, streams: 4, channels: 1, depth: 1 }, status: 'wrong', reason: payload, remedy: payload, cache: 'warm', counts: {} },
    {
      target: payload, workload: 'compared', operation: 'sinkhorn', sizes: { tokens: 1, streams: 4, channels: 1, depth: 1 }, status: 'compared', cache: 'warm', counts: {}, times,
      comparison: {
        judgement: { verdict: 'slower', effect: { lower: 0.1, estimate: 0.2, upper: 0.3 }, floor: 0.01, threshold: 0.02, reason: payload }, design: 'pairs', count: 30, baseline: times, control: 'copy', controlSamples: samples,
        orders: [], copies: 1, copyOrders: [], error: 0.01,
      },
    },
  ],
  unserved: 0, interrupted: false, exitCode: 6, durationMs: 1000,
};

const certificate = certifyInputs({ name: 'tilekernels', dialect: sinkhornPresets['tilekernels']!, arithmetic: 'cuda-f32', n: 4, limit: 1, depth: 8, parts: 1, stopped: () => false });
const hostileCertificate: Certificate = {
  ...certificate, subject: [{ name: payload, digest: { sha256: '0'.repeat(64) } }], notClaimed: [payload],
  claims: certificate.claims.map((claim) => ({ ...claim, plain: payload, quantity: payload, domain: payload, assumptions: [payload], place: { [payload]: payload }, parameters: { [payload]: payload } })),
};
const compared = compare({ designs: designs.slice(0, 3), settings, depths: [1, 4], tokens: 2, streams: 4, seed: 1, gate: 0.3, spread: 60, sweepGates: [] });

/** Pages by what they are of. */
export const pages: Readonly<Record<string, string>> = {
  'a run': verifyPage(reportOf(results), 'plumbline verify'),
  'a hostile run': verifyPage(hostileReport, payload),
  'a run of nothing': verifyPage(reportOf([], { targets: [], exitCode: 5 })),
  'a hostile bench': benchPage(bench, payload),
  'a comparison': comparePage(compared, payload),
  'a hostile certificate': certificatePage({ certificate: hostileCertificate, command: payload, observed: payload, check: payload }),
  'a hostile check': checkedPage({ claims: [{ id: payload, verdict: 'refused', reason: payload, says: payload }, { id: 'b', verdict: 'holds', reason: '', says: payload }] }, false, payload, payload, '0.1.0'),
  'a refusal': checkedPage({ refused: payload, claims: [] }, false, payload, payload, '0.1.0'),
};

export type Element = DefaultTreeAdapterTypes.Element;

/** All elements of a page in the order of the document, each with its parent, and the errors of the parser. */
export function elementsOf(page: string): { elements: Element[]; errors: string[] } {
  const errors: string[] = [];
  const elements: Element[] = [];
  const walk = (node: DefaultTreeAdapterTypes.Node): void => {
    if ('tagName' in node) elements.push(node);
    if ('childNodes' in node) for (const child of node.childNodes) walk(child);
  };
  walk(parse(page, { onParseError: ({ code, startLine }) => errors.push(`${code} in line ${startLine}`) }));
  return { elements, errors };
}

export function attribute({ attrs }: Element, name: string): string | undefined {
  return attrs.find((one) => one.name === name)?.value;
}

/** The text in an element and below it. */
export function textOf(node: DefaultTreeAdapterTypes.Node): string {
  if ('value' in node) return node.value;
  return 'childNodes' in node ? node.childNodes.map(textOf).join('') : '';
}
