/** `plumbline doctor`: probes what plumbline could use here, says what is missing and what to do about it, and gives a verdict. */
import { Command } from 'commander';

import { createStyle, wantsColour, type Style } from '../report/style.ts';
import { exitCodes } from '../verify/exit-code.ts';
import { probe, type Diagnosis, type Finding } from './probe.ts';

/** The command; `finish` gets the exit code. */
export function doctorCommand(finish: (code: number) => void): Command {
  return new Command('doctor')
    .description('say what can run here, and what is missing')
    .option('--json', 'print the findings as JSON')
    .option('--no-color', 'no colours')
    .addHelpText('after', '\nExit codes: 0 at least one target can run · 4 none can')
    .action(async (flags: { json?: true; color: boolean }) => {
      const { stdout, env } = process;
      const diagnosis = await probe();
      const style = createStyle(wantsColour(stdout, env, flags.color));
      stdout.write(`${flags.json === true ? JSON.stringify(diagnosis, null, 2) : formatDiagnosis(diagnosis, style)}\n`);
      finish(diagnosis.ready ? exitCodes.held : exitCodes.target);
    });
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
