import { PlumblineError } from '../errors.ts';

const milliseconds: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** `500ms`, `60s`, `1.5m`, `2h` in milliseconds; the unit is required, since a bare number could be either. Throws `bad-usage`. */
export function parseDuration(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text.trim());
  const ms = match === null ? 0 : Number(match[1]) * milliseconds[match[2]!]!;
  if (!(ms >= 1) || !Number.isFinite(ms)) throw new PlumblineError('bad-usage', `'${text}' is not a length of time.`, 'Write it like 500ms, 60s, 2m or 1h.');
  return Math.round(ms);
}
