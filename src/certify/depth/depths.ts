/** Which depths a certificate is about, as a person and a claim write them: `1..122`, `1,8,60`, `1,8,60..122`. */
import { PlumblineError } from '../../errors.ts';

/** Deepest chain. */
export const mostDepth = 4096;

const remedy = `Write numbers of sublayers from 1 to ${mostDepth} and ranges of them: 1..122, or 1,8,60..122.`;

/** Ascending, each once. Throws `bad-usage`. */
export function depthsOf(text: string): number[] {
  const found = new Set<number>();
  for (const part of text.split(',')) {
    const match = /^(\d{1,9})(?:\.\.(\d{1,9}))?$/.exec(part.trim());
    if (match === null) throw new PlumblineError('bad-usage', `--depth '${text}': '${part}' is no number of sublayers.`, remedy);
    const [from, to] = [Number(match[1]), Number(match[2] ?? match[1])];
    if (!(from >= 1 && to <= mostDepth)) throw new PlumblineError('bad-usage', `--depth '${text}': there is no depth ${from < 1 ? from : to}.`, remedy);
    if (!(from <= to)) throw new PlumblineError('bad-usage', `--depth '${text}': the range ${part.trim()} is empty.`, remedy);
    for (let depth = from; depth <= to; depth++) found.add(depth);
  }
  return [...found].sort((a, b) => a - b);
}

/** The shortest text of ascending depths, as it stands in a claim. */
export function textOfDepths(depths: readonly number[]): string {
  const parts: string[] = [];
  for (let k = 0; k < depths.length; ) {
    let end = k;
    while (end + 1 < depths.length && depths[end + 1] === depths[end]! + 1) end++;
    parts.push(end === k ? `${depths[k]}` : `${depths[k]}..${depths[end]}`);
    k = end + 1;
  }
  return parts.join(',');
}
