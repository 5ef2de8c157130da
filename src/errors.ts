/** Stable codes of the errors that plumbline raises on purpose. Anything else that escapes is a fault of plumbline itself. */
export type ErrorCode =
  | 'bad-usage' // a flag, name or argument that does not exist
  | 'bad-config' // a configuration that cannot be loaded or is not valid
  | 'bad-dialect' // a dialect field that does not exist or contradicts another
  | 'bad-arithmetic' // an arithmetic preset or field that does not exist
  | 'bad-file' // a file that is damaged, foreign or of another version
  | 'bad-tensor' // a shape, dtype or length that does not fit
  | 'target-unavailable'; // a target that was asked for cannot run here

/** An error whose message says what is wrong and what to do about it. */
export class PlumblineError extends Error {
  readonly code: ErrorCode;
  readonly remedy: string | undefined;

  constructor(code: ErrorCode, message: string, remedy?: string, options?: ErrorOptions) {
    super(remedy === undefined ? message : `${message}\n  ${remedy}`, options);
    this.name = 'PlumblineError';
    this.code = code;
    this.remedy = remedy;
  }
}

/** The candidate nearest to `word` by edit distance, if it is near enough to be what was meant. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.ceil(word.length / 2));
  for (const candidate of candidates) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** "Did you mean …?" for an unknown word, with the whole list where nothing is near. */
export function suggest(word: string, candidates: readonly string[]): string {
  const near = nearest(word, candidates);
  return near === undefined ? `Known: ${candidates.join(', ')}.` : `Did you mean '${near}'?`;
}

function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = previous[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      current[j] = Math.min(previous[j]! + 1, current[j - 1]! + 1, substitution);
    }
    previous = current;
  }
  return previous[b.length]!;
}
