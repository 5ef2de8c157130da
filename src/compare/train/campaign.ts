/** All designs at the same budget: same steps, batches, optimiser, learning rate, width and seeds. Nothing is tuned for one of them. */
import type { Tf } from '../../kernels/tfjs/session.ts';
import type { Design } from '../designs.ts';
import type { Shape } from './parameters.ts';
import { task, type Task } from './task.ts';
import { train, type TrainingRun } from './train.ts';

export interface CampaignOptions {
  readonly designs: readonly Design[];
  readonly seeds: readonly number[];
  readonly learningRates: readonly number[];
  readonly steps: number;
  readonly shape: Shape;
  readonly maxTimeMs: number | undefined;
  readonly signal: AbortSignal | undefined;
  readonly onProgress: (progress: Progress) => void;
}

/** Where a campaign stands. */
export interface Progress {
  readonly run: number;
  readonly runs: number;
  readonly design: string;
  readonly seed: number;
  readonly learningRate: number;
  readonly step: number;
  readonly steps: number;
  readonly loss: number;
}

/** What `plumbline compare --train` writes. The schema of a run is that of `TrainingRun`; losses are in nats. */
export interface TrainingReport {
  readonly schemaVersion: 1;
  readonly kind: 'compare-train';
  readonly steps: number;
  readonly shape: Shape;
  readonly task: Task;
  readonly optimizer: 'adam';
  readonly backend: string;
  /** Loss of a network that knows nothing: ln V. */
  readonly chance: number;
  readonly runs: readonly TrainingRun[];
  /** Complete, stopped by a person, or out of time. Runs that had begun are in `runs` with the steps that they made. */
  readonly status: 'complete' | 'interrupted' | 'out-of-time';
}

/** The sizes of a default campaign; a step costs a tenth of a second or two. */
export const defaultShape: Shape = { depth: 48, width: 16, hidden: 32, streams: 4, batch: 8 };

/** Snapshots of a run. */
const snapshots = 15;

export async function campaign(tf: Tf, backend: string, options: CampaignOptions): Promise<TrainingReport> {
  const { designs, seeds, learningRates, steps, shape, maxTimeMs, signal, onProgress } = options;
  const deadline = maxTimeMs === undefined ? Infinity : performance.now() + maxTimeMs;
  const stopped = (): boolean => signal?.aborted === true || performance.now() >= deadline;
  // seeds outermost: a campaign that is stopped early has seen all designs
  const planned = seeds.flatMap((seed) => learningRates.flatMap((learningRate) => designs.map((design) => ({ design, seed, learningRate }))));
  const runs: TrainingRun[] = [];
  for (const [run, { design, seed, learningRate }] of planned.entries()) {
    if (stopped()) break;
    const onStep = async (step: number, loss: number): Promise<void> => {
      onProgress({ run, runs: planned.length, design: design.name, seed, learningRate, step, steps, loss });
      await new Promise((resolve) => setImmediate(resolve));
    };
    runs.push(await train(tf, design, seed, { shape, task, steps, learningRate, every: Math.max(1, Math.ceil(steps / snapshots)) }, onStep, stopped));
  }
  const complete = runs.length === planned.length && runs.every((run) => run.steps === steps);
  const status = complete ? 'complete' : signal?.aborted === true ? 'interrupted' : 'out-of-time';
  return { schemaVersion: 1, kind: 'compare-train', steps, shape, task, optimizer: 'adam', backend, chance: Math.log(task.symbols), runs, status };
}
