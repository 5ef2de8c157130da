/** What came out of training the designs, as a table, as Markdown, and as a plot. */
import type { TrainingReport } from '../../compare/train/campaign.ts';
import type { TrainingRun } from '../../compare/train/train.ts';
import { renderSvg, type Chart, type Series } from './svg.ts';
import { alignedTable, gain, markdownTable, type Table } from './text.ts';

/** Steps whose mean is the final loss. */
const lastSteps = 10;

export const trainingNotes: readonly string[] = [
  'runs: those that made all steps, of those that began; the other columns are of these alone where there are any.',
  'loss: mean cross-entropy in nats of the last 10 steps, mean (least … largest) over seeds. steps to half: first step whose loss, averaged over 5, is below half of chance.',
  'gradient norm: median and largest ‖gradient‖ over all steps and seeds. gain: largest composite Amax gain (larger direction) of the learned mappings over all snapshots.',
  'Same steps, batches, optimiser, learning rate, width and start for all designs; parameters differ, because mappings have some. Nothing was tuned for one of them.',
];

interface Row {
  readonly label: string;
  readonly runs: readonly TrainingRun[];
}

function rowsOf({ runs }: TrainingReport): Row[] {
  const several = new Set(runs.map(({ learningRate }) => learningRate)).size > 1;
  const labels = [...new Set(runs.map(({ design, learningRate }) => (several ? `${design}, rate ${learningRate}` : design)))];
  return labels.map((label) => ({ label, runs: runs.filter(({ design, learningRate }) => label === (several ? `${design}, rate ${learningRate}` : design)) }));
}

/** One row for each design and learning rate. */
export function trainingTable(report: TrainingReport): Table {
  const header = ['', 'runs', 'parameters', 'loss', 'steps to half', 'gradient norm', 'gain', 'non-finite steps', 'ms/step'];
  return [header, ...rowsOf(report).map(({ label, runs }) => [label, ...cells(runs, report)])];
}

/** The runs that made all steps, where there are any. */
function wholeOnes(runs: readonly TrainingRun[], steps: number): readonly TrainingRun[] {
  const whole = runs.filter((run) => run.steps === steps);
  return whole.length > 0 ? whole : runs;
}

function cells(all: readonly TrainingRun[], { chance, steps }: TrainingReport): string[] {
  const runs = wholeOnes(all, steps);
  const finals = runs.map((run) => mean(run.losses.slice(-lastSteps)));
  const known = finals.filter((loss) => loss !== undefined);
  const spread = known.length === 0 ? 'not finite' : `${gain(mean(known))} (${gain(Math.min(...known))} … ${gain(Math.max(...known))})`;
  const halves = runs.map((run) => stepsTo(run, chance / 2));
  const norms = runs.flatMap(({ gradientNorms }) => gradientNorms.filter((norm) => norm !== null)).sort((a, b) => a - b);
  const gains = runs.flatMap(({ snapshots }) => snapshots.map(({ compositeForward, compositeBackward }) => (compositeForward === null || compositeBackward === null ? Infinity : Math.max(compositeForward, compositeBackward))));
  return [
    runs.length === all.length ? String(all.length) : `${runs.length} of ${all.length}`,
    String(runs[0]!.parameters),
    known.length < finals.length ? `${spread}, ${finals.length - known.length} not finite` : spread,
    halves.map((step) => step ?? 'never').join(', '),
    norms.length === 0 ? 'not finite' : `${gain(norms[Math.floor(norms.length / 2)])} / ${gain(norms.at(-1))}`,
    gain(Math.max(...gains)),
    String(runs.reduce((sum, run) => sum + run.nonFiniteSteps, 0)),
    String(Math.round(mean(runs.map(({ secondsPerStep }) => secondsPerStep * 1000)) ?? 0)),
  ];
}

/** Undefined where one of them is not finite, or there are none. */
function mean(values: readonly (number | null)[]): number | undefined {
  if (values.length === 0 || values.includes(null)) return undefined;
  return values.reduce<number>((sum, value) => sum + value!, 0) / values.length;
}

function stepsTo({ losses }: TrainingRun, limit: number): number | undefined {
  const found = losses.findIndex((_, step) => step >= 4 && (mean(losses.slice(step - 4, step + 1)) ?? Infinity) < limit);
  return found < 0 ? undefined : found;
}

/** What was trained, in one line. */
export function trainingHead({ steps, shape, task, runs, status, chance, backend }: TrainingReport): string {
  const seeds = [...new Set(runs.map(({ seed }) => seed))];
  const rates = [...new Set(runs.map(({ learningRate }) => learningRate))];
  const size = `${shape.depth} sublayers of width ${shape.width}, ${shape.streams} streams, batches of ${shape.batch}×${task.length}`;
  return `${size} · ${steps} steps of Adam at ${rates.join(', ')} · seeds ${seeds.join(', ')} · sums mod ${task.symbols} at a delay of ${task.delay}, chance ${gain(chance)} nats · tfjs-${backend} · ${status}`;
}

export function formatTraining(report: TrainingReport): string {
  return `${[`plumbline compare --train · ${trainingHead(report)}`, alignedTable(trainingTable(report)), trainingNotes.map((line) => `  ${line}`).join('\n')].join('\n\n')}\n`;
}

export function trainingMarkdown(report: TrainingReport): string {
  return `${['## plumbline compare --train', trainingHead(report), markdownTable(trainingTable(report)), ...trainingNotes].join('\n\n')}\n`;
}

/** Loss, gradient norm and gain over steps, geometric means over seeds for the last two, and the gradients by sublayer at the end. */
export function trainingPlot(report: TrainingReport): string {
  return renderSvg(trainingCharts(report), `plumbline compare --train · ${report.status} · ${report.steps} steps, ${report.shape.depth} sublayers`);
}

/** Its charts. */
export function trainingCharts(report: TrainingReport): Chart[] {
  const rows = rowsOf(report);
  const series = (pick: (run: TrainingRun) => readonly (readonly [number, number])[], geometric: boolean): Series[] => rows.map(({ label, runs }) => ({ name: label, points: average(wholeOnes(runs, report.steps).map(pick), geometric) }));
  const number = (value: number | null): number => value ?? Number.NaN;
  return [
    { title: 'Loss, mean of seeds', xLabel: 'step', yLabel: 'nats', yLog: true, series: series(({ losses }) => smoothed(losses.map(number)), false) },
    { title: 'Gradient norm, geometric mean of seeds', xLabel: 'step', yLabel: '‖gradient‖', yLog: true, series: series(({ gradientNorms }) => smoothed(gradientNorms.map(number)), true) },
    {
      title: 'Composite gain of the learned mappings',
      xLabel: 'step',
      yLabel: 'Amax gain, larger direction',
      yLog: true,
      series: series(({ snapshots }) => snapshots.map(({ step, compositeForward, compositeBackward }) => [step, Math.max(number(compositeForward), number(compositeBackward))] as const), true),
    },
    {
      title: 'Gradient norm by sublayer, last snapshot',
      xLabel: 'sublayer',
      yLabel: "‖gradient of the sublayer's own parameters‖",
      yLog: true,
      series: series(({ snapshots }) => (snapshots.at(-1)?.gradientByLayer ?? []).map((norm, layer) => [layer, number(norm)] as const), true),
    },
  ];
}

/** Means over windows of 8 steps: single batches are noise. */
function smoothed(values: readonly number[]): (readonly [number, number])[] {
  const window = 8;
  return Array.from({ length: Math.floor(values.length / window) }, (_, k) => {
    const part = values.slice(k * window, (k + 1) * window);
    return [k * window + window / 2, part.reduce((sum, value) => sum + value, 0) / window] as const;
  });
}

/** Point by point, as far as all lines go. */
function average(lines: readonly (readonly (readonly [number, number])[])[], geometric: boolean): (readonly [number, number])[] {
  const length = Math.min(...lines.map((line) => line.length));
  return Array.from({ length }, (_, k) => {
    const values = lines.map((line) => line[k]![1]);
    const sum = values.reduce((total, value) => total + (geometric ? Math.log(value) : value), 0) / values.length;
    return [lines[0]![k]![0], geometric ? Math.exp(sum) : sum] as const;
  });
}
