/** `plumbline doctor`: probes what plumbline could use here, says what is missing and what to do about it, and gives a verdict. */
import { Command, Option } from 'commander';

import { createStyle, wantsColour, type Style } from '../report/style.ts';
import { exitCodes } from '../verify/exit-code.ts';
import { listenForInterrupt } from './interrupt.ts';
import { probe, type Diagnosis, type FindArithmetic, type Finding } from './probe.ts';

const depths = ['quick', 'thorough', 'all'] as const;
type Depth = (typeof depths)[number];

const examples = `
Examples:
  $ plumbline doctor
  $ plumbline doctor --arithmetic            the f32 functions of the GPU against WGSL's table: all 2³² operands on a GPU, in seconds; a million samples of each in software
  $ plumbline doctor --arithmetic all        all operands in software too, an hour or more
  $ plumbline doctor --arithmetic quick      2¹⁶ samples of each, a second, as any run does that finds no record

What was measured is kept in .plumbline/arithmetic under the adapter's name; verify says so where a driver leaves the table.
`;

/** The command; `finish` gets the exit code. */
export function doctorCommand(finish: (code: number) => void): Command {
  return new Command('doctor')
    .description('say what can run here, and what is missing')
    .option('--json', 'print the findings as JSON')
    .addOption(new Option('--arithmetic [depth]', 'measure the f32 functions of the GPU anew, and keep the result').choices(depths).preset('thorough'))
    .option('--no-color', 'no colours')
    .addHelpText('after', `${examples}\nExit codes: 0 at least one target can run · 4 none can · 130 interrupted`)
    .action(async (flags: { json?: true; arithmetic?: Depth; color: boolean }) => {
      const { stdout, stderr, env } = process;
      const diagnosis = flags.arithmetic === undefined ? await probe() : await probeMeasuring(flags.arithmetic, stderr);
      if (diagnosis === undefined) return finish(exitCodes.interrupted);
      const style = createStyle(wantsColour(stdout, env, flags.color));
      stdout.write(`${flags.json === true ? JSON.stringify(diagnosis, null, 2) : formatDiagnosis(diagnosis, style)}\n`);
      finish(diagnosis.ready ? exitCodes.held : exitCodes.target);
    });
}

/** Nothing where it was interrupted. */
async function probeMeasuring(depth: Depth, stderr: NodeJS.WriteStream): Promise<Diagnosis | undefined> {
  const interrupt = listenForInterrupt(() => stderr.write('Stopping; Ctrl-C again to quit at once.\n'));
  try {
    return await probe(measuring(depth, stderr, interrupt.signal));
  } catch (error) {
    if (interrupt.signal.aborted) return undefined;
    throw error;
  } finally {
    interrupt.dispose();
  }
}

/** Measures, tells on standard error how far it is, prints the table there too, and keeps the record. */
function measuring(depth: Depth, stderr: NodeJS.WriteStream, signal: AbortSignal): FindArithmetic {
  return async (gpu) => {
    const [{ inSoftware, quickly, tableOf, thoroughly }, { measureAndKeep, recordPath }] = await Promise.all([import('../kernels/webgpu/arithmetic/index.ts'), import('../targets/webgpu-arithmetic.ts')]);
    const options = depth === 'quick' ? quickly : depth === 'thorough' && gpu.about.fallback ? inSoftware : thoroughly;
    let told = '';
    const record = await measureAndKeep(gpu, {
      ...options,
      onProgress(what, share) {
        signal.throwIfAborted();
        const line = `arithmetic: ${String(Math.floor(100 * share)).padStart(3)} %  ${what}`;
        // off a terminal one line for each function
        if (stderr.isTTY ? line === told : what === told) return;
        told = stderr.isTTY ? line : what;
        stderr.write(stderr.isTTY ? `\r\u001b[K${line}` : `${line}\n`);
      },
    });
    stderr.write(`${stderr.isTTY ? '\r\u001b[K' : ''}${tableOf(record).join('\n')}\nkept in ${recordPath(gpu.about)}\n`);
    return record;
  };
}

/** The findings as text, grouped by kind. */
export function formatDiagnosis({ findings, verdict, ready }: Diagnosis, style: Style): string {
  const width = Math.max(...findings.map(({ name }) => name.length));
  const group = (kind: Finding['kind'], title: string): string[] => {
    const lines = findings.filter((finding) => finding.kind === kind).map((finding) => formatFinding(finding, width, style));
    return lines.length === 0 ? [] : [style.bold(title), ...lines, ''];
  };
  const painted = ready ? style.green(verdict) : style.red(verdict);
  return [...group('system', 'System'), ...group('target', 'Targets'), ...group('gpu', 'GPU'), ...group('package', 'Packages'), painted].join('\n');
}

function formatFinding({ name, status, detail, remedy }: Finding, width: number, style: Style): string {
  const mark = { good: style.green('✓'), missing: style.yellow('–'), bad: style.red('✗') }[status];
  const lines = [`  ${mark} ${name.padEnd(width)}  ${detail}`];
  if (remedy !== undefined) lines.push(`    ${' '.repeat(width)}  ${style.dim(remedy)}`);
  return lines.join('\n');
}
