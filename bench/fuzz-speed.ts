/**
 * How fast a campaign judges f32 Sinkhorn in process, n = 4, by all of its claims, on so many threads; how high it pushes the free-side deviation of the shipped form from scratch; and whether its
 * memory stays what it is. Problems are counted as in reports: of each claim those that it was made about.
 *   node dist/bench/fuzz-speed.js [seconds = 60] [threads = all] [seed = 1] [all | claims: nothing but the claims is pursued]
 */
import { availableParallelism } from 'node:os';
import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads';
import { fileURLToPath } from 'node:url';

import { properties } from '../properties/index.ts';
import { fuzz } from '../src/fuzz/fuzz.ts';
import { mergeCampaigns } from '../src/fuzz/merge.ts';
import type { FuzzReport } from '../src/fuzz/options.ts';
import { inProcess, referenceKernels } from '../src/index.ts';
import { machine } from './machine.ts';

const [seconds, threads, seed] = [Number(process.argv[2] ?? 60), Number(process.argv[3] ?? availableParallelism()), Number(process.argv[4] ?? 1)];

if (isMainThread) {
  const residents: number[] = [];
  const timer = setInterval(() => residents.push(process.memoryUsage.rss() / 2 ** 20), 1000 * Math.max(1, seconds / 60));
  const before = process.cpuUsage();
  const reports = await Promise.all(Array.from({ length: threads }, (_, index) => new Promise<FuzzReport>((resolve, reject) => {
    const worker = new Worker(fileURLToPath(import.meta.url), { workerData: index, argv: process.argv.slice(2) });
    worker.on('message', resolve);
    worker.on('error', reject);
  })));
  clearInterval(timer);
  const { user, system } = process.cpuUsage(before);
  const report = mergeCampaigns(reports);
  const cpu = (user + system) / 1e6;
  console.log(`# ${machine()}, ${threads} threads, ${seconds} s, seed ${seed}`);
  console.log(`${report.fuzz.problems} problems: ${Math.round(report.fuzz.problemsPerSecond)} a second; ${Math.round(report.fuzz.problems / cpu)} a second of processor time; exit code ${report.exitCode}`);
  const byClaims = report.results.reduce((sum, { problems }) => sum + problems, 0);
  console.log(`${byClaims} of them by claims: ${Math.round((1000 * byClaims) / report.durationMs)} a second; ${Math.round(byClaims / cpu)} a second of processor time; the others for objectives`);
  for (const { objective, best, problems } of report.fuzz.pursuits) console.log(`  ${objective}: ${best.toFixed(5)}, of ${problems} problems`);
  console.log(`  resident memory, MiB, over the run: ${residents.filter((_, k) => k % Math.ceil(residents.length / 12) === 0).map((size) => size.toFixed(0)).join(' ')}`);
  for (const { property, problems, durationMs, margin } of report.results.toSorted((a, b) => b.problems - a.problems).slice(0, 8)) console.log(`  ${property}: ${problems} problems, ${((1000 * durationMs) / problems).toFixed(1)} µs each, margin ${margin.toFixed(3)}`);
} else {
  const { sinkhorn } = referenceKernels();
  const report = await fuzz({
    targets: [inProcess('reference', { kernels: { sinkhorn: { ...sinkhorn, streams: [4] } } })], properties: properties.filter(({ operation }) => operation === 'sinkhorn'), seed,
    stream: { index: workerData as number, count: threads }, maxTimeMs: 1000 * seconds, pursue: process.argv[5] !== 'claims',
  });
  parentPort!.postMessage(report);
}
