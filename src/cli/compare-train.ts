/** `plumbline compare --train`: the campaign, its progress line, and its report, partial when it was stopped. */
import { campaign, defaultShape, type Progress } from '../compare/train/campaign.ts';
import { designNamed, requireStreams } from '../compare/designs.ts';
import { PlumblineError } from '../errors.ts';
import { formatTraining, trainingMarkdown, trainingPlot } from '../report/compare/training.ts';
import { loaders } from '../targets/tfjs-backends.ts';
import { trainingPage } from '../report/html/compare.ts';
import { writeFileAtomically } from '../verify/atomic-file.ts';
import { exitCodes } from '../verify/exit-code.ts';
import { chosenDesigns, deliver, type CompareFlags } from './compare-command.ts';
import { listenForInterrupt } from './interrupt.ts';
import { ownLine } from './invocation.ts';

/** What is trained when nothing is said. */
const usual = ['mhc', 'mhc-lite', 'cayley', 'hyper-connections', 'plain-residual'];

/** Trains, reports, and returns the exit code. Throws `bad-usage`, and `target-unavailable` where tfjs-wasm cannot be loaded. */
export async function trainDesigns(flags: CompareFlags): Promise<number> {
  const shape = { ...defaultShape, streams: flags.streams };
  const designs = chosenDesigns(flags, usual.map(designNamed), flags.streams);
  for (const design of designs) requireStreams(design, flags.streams);
  const learningRates = (flags.learningRate ?? ['0.005']).map(rateOf);
  const first = flags.seed ?? 1;
  const loaded = await loaders.wasm();
  if (!('tf' in loaded)) throw new PlumblineError('target-unavailable', `--train needs tfjs-wasm: ${loaded.reason}`, loaded.remedy);
  const { tf, backend } = loaded;
  await tf.setBackend(backend);
  const line = progressLine();
  const interrupt = listenForInterrupt(() => process.stderr.write('\nStopping after this step; Ctrl-C again to quit at once.\n'));
  try {
    const report = await campaign(tf, backend, {
      designs,
      seeds: Array.from({ length: flags.seeds }, (_, k) => first + k),
      learningRates,
      steps: flags.steps,
      shape,
      maxTimeMs: flags.maxTime,
      signal: interrupt.signal,
      onProgress: (progress) => line.show(progress),
    });
    line.clear();
    const html = (value: typeof report): string => trainingPage(value, ownLine(process.argv, process.env));
    const format = { default: formatTraining, markdown: trainingMarkdown, html, json: (value: unknown) => `${JSON.stringify(value)}\n` }[flags.reporter];
    deliver(format(report), flags.outputFile);
    if (flags.plot !== undefined) writeFileAtomically(flags.plot, trainingPlot(report));
    return { complete: exitCodes.held, interrupted: exitCodes.interrupted, 'out-of-time': exitCodes.nothingRan }[report.status];
  } finally {
    interrupt.dispose();
  }
}

function rateOf(text: string): number {
  const rate = Number(text);
  if (!(rate > 0 && rate < 10)) throw new PlumblineError('bad-usage', `--learning-rate '${text}' is no learning rate.`, 'It is a number above 0 and below 10.');
  return rate;
}

/** One line that is written over on a terminal; elsewhere one line per run. */
function progressLine(): { show(progress: Progress): void; clear(): void } {
  const { stderr } = process;
  const began = performance.now();
  const live = stderr.isTTY && process.env['TERM'] !== 'dumb';
  return {
    show({ run, runs, design, seed, learningRate, step, steps, loss }) {
      if (!live) {
        if (step === steps - 1 || step === 0) stderr.write(`${run + 1}/${runs}  ${design}, seed ${seed}, rate ${learningRate}: step ${step + 1}/${steps}, loss ${loss.toFixed(3)}\n`);
        return;
      }
      const done = (run + (step + 1) / steps) / runs;
      const left = ((performance.now() - began) / done) * (1 - done);
      const text = `${run + 1}/${runs}  ${design}, seed ${seed}: step ${step + 1}/${steps}, loss ${loss.toFixed(3)}, about ${Math.ceil(left / 60_000)} min left`;
      stderr.write(`\r\u001b[2K${text.slice(0, Math.max(20, (stderr.columns ?? 80) - 1))}`);
    },
    clear: () => void (live && stderr.write('\r\u001b[2K')),
  };
}
