/** `plumbline dialects`: the variants of each operation that code bases compute, side by side. */
import { Command, Option } from 'commander';

import { operations } from '../operations/index.ts';
import { dialectsToMarkdown, dialectsToText, dialectTables } from '../report/dialects.ts';
import { createStyle, wantsColour } from '../report/style.ts';
import { writeFileAtomically } from '../verify/atomic-file.ts';
import { exitCodes } from '../verify/exit-code.ts';
import { collect, select } from './patterns.ts';

interface Flags {
  operation?: string[];
  format: 'table' | 'markdown' | 'json';
  outputFile?: string;
  color: boolean;
}

const examples = `
Examples:
  $ plumbline dialects                                   all operations
  $ plumbline dialects --operation sinkhorn
  $ plumbline dialects --operation 'stream-*,stack'
  $ plumbline dialects --format markdown > dialects.md
  $ plumbline dialects --operation sinkhorn --format json

Operations take commas, * and ?, and repeats.`;

/** The command; `finish` gets the exit code. */
export function dialectsCommand(finish: (code: number) => void): Command {
  return new Command('dialects')
    .description('show which variant of each operation which code base computes')
    .option('-o, --operation <names>', 'operations to show', collect)
    .addOption(new Option('-f, --format <format>', 'how to print them').choices(['table', 'markdown', 'json']).default('table'))
    .option('--output-file <file>', 'write to a file, not to standard output')
    .option('--no-color', 'no colours')
    .addHelpText('after', examples)
    .action(({ operation, format, outputFile, color }: Flags) => {
      const tables = dialectTables(select('operation', Object.values(operations), ({ id }) => id, operation));
      const style = createStyle(outputFile === undefined && wantsColour(process.stdout, process.env, color));
      const printed = {
        table: () => `${dialectsToText(tables, style)}\n`,
        markdown: () => dialectsToMarkdown(tables),
        json: () => `${JSON.stringify({ schemaVersion: 1, tables }, null, 2)}\n`,
      }[format]();
      if (outputFile === undefined) process.stdout.write(printed);
      else writeFileAtomically(outputFile, printed);
      finish(exitCodes.held);
    });
}
