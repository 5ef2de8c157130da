import type { WorkerProcess } from './process.ts';

const shownLines = 8;
const shownCharacters = 500;

/** The kernel's side of the story, for the end of a message; empty when it said nothing. */
export function tailOf({ lastWords }: Pick<WorkerProcess, 'lastWords'>): string {
  const lines = lastWords.filter((line) => line.trim() !== '').slice(-shownLines);
  return lines.length === 0 ? '' : `\nLast lines of its stderr:\n${lines.map((line) => `  ${line.slice(0, shownCharacters)}`).join('\n')}`;
}
