/**
 * Colours, decided once and passed along, so that every formatter stays a pure function. `styleText` could look at the stream itself,
 * but then the same report could not be formatted for a file and a terminal in one process.
 */
import { styleText } from 'node:util';

type Colour = 'red' | 'green' | 'yellow' | 'cyan' | 'bold' | 'dim';

/** Text in a colour, or as it is. */
export type Style = Readonly<Record<Colour, (text: string) => string>>;

/** A style that colours, or one that does not. */
export function createStyle(coloured: boolean): Style {
  const paint = (colour: Colour) => (text: string): string => (coloured && text !== '' ? styleText(colour, text, { validateStream: false }) : text);
  return { red: paint('red'), green: paint('green'), yellow: paint('yellow'), cyan: paint('cyan'), bold: paint('bold'), dim: paint('dim') };
}

/** Whether to colour: `--no-color`, then NO_COLOR, then FORCE_COLOR, then TERM=dumb, then whether a person is looking. */
export function wantsColour(stream: { isTTY?: boolean | undefined }, env: Readonly<Record<string, string | undefined>>, flag = true): boolean {
  if (!flag || (env['NO_COLOR'] ?? '') !== '') return false;
  const force = env['FORCE_COLOR'];
  if (force !== undefined) return force !== '0' && force !== 'false';
  return env['TERM'] !== 'dumb' && stream.isTTY === true;
}
