/** Dialects by the names of their presets, and the sentence that compares what a kernel computes with what it declares. */
import type { FieldValue, NearPreset } from './result.ts';

export type Fields = Readonly<Record<string, FieldValue>>;

/** Numbers are what people vary; another word is another algorithm. */
const weight = (value: FieldValue): number => (typeof value === 'number' ? 2 : 3);

/** The presets nearest to a dialect, all that are equally near. `unseen` fields are not compared. */
export function nearPresets(dialect: Fields, presets: Readonly<Record<string, Fields>>, unseen: readonly string[] = []): NearPreset[] {
  const compared = Object.entries(presets).map(([name, preset]) => ({ name, differences: differencesOf(dialect, preset, unseen) }));
  const distances = compared.map(({ differences }) => differences.reduce((sum, { found }) => sum + weight(found), 0));
  return compared.filter((_, at) => distances[at] === Math.min(...distances));
}

/** How far a dialect is from its nearest preset; for choosing among dialects. */
export function presetDistance(dialect: Fields, presets: Readonly<Record<string, Fields>>, unseen: readonly string[]): number {
  return nearPresets(dialect, presets, unseen)[0]?.differences.reduce((sum, { found }) => sum + weight(found), 0) ?? 0;
}

export function differencesOf(dialect: Fields, other: Fields, unseen: readonly string[]): NearPreset['differences'] {
  return Object.keys(other)
    .filter((field) => !unseen.includes(field) && dialect[field] !== other[field])
    .map((field) => ({ field, found: dialect[field]!, preset: other[field]! }));
}

/** `tilekernels` with 19 iterations and epsilon 1e-5 */
export function nameOf(dialect: Fields, presets: Readonly<Record<string, Fields>>, unseen: readonly string[] = []): string {
  const near = nearPresets(dialect, presets, unseen);
  // of presets that are one dialect under several names, the first speaks for all
  const different = near.filter(({ name }, at) => near.findIndex((other) => differencesOf(presets[other.name]!, presets[name]!, []).length === 0) === at);
  const names = different.map(({ name }) => `\`${name}\``).join(' or ');
  const { differences } = near[0]!;
  return differences.length === 0 ? names : `${names} with ${listed(differences.map(({ field, found }) => phrase(field, found)))}`;
}

/** "computes X; it declares Y". Both in full where they are of different presets, only what differs where they are of one. */
export function comparison(found: Fields, declared: Fields, presets: Readonly<Record<string, Fields>>, unseen: readonly string[] = []): string {
  const differences = differencesOf(found, declared, unseen);
  const preset = nearPresets(declared, presets, unseen)[0]!;
  const structure = differences.filter(({ found: value }) => typeof value !== 'number');
  if (structure.length > 1) return `computes ${nameOf(found, presets, unseen)}${iterationsOf(found, presets, unseen)}; it declares ${nameOf(declared, presets, unseen)}${iterationsOf(declared, presets, unseen)}`;
  const changed = listed(differences.map(({ field, found: value }) => phrase(field, value)));
  const instead = listed(differences.map(({ field, preset: value }) => (differences.length === 1 ? short(field, value) : phrase(field, value))));
  return `computes \`${preset.name}\` with ${changed}; it declares ${instead}`;
}

/** The iterations where a name does not say them yet. */
function iterationsOf(dialect: Fields, presets: Readonly<Record<string, Fields>>, unseen: readonly string[]): string {
  const said = nearPresets(dialect, presets, unseen)[0]!.differences;
  if (dialect['iterations'] === undefined || said.some(({ field }) => field === 'iterations')) return '';
  return `${said.length === 0 ? ' with' : ','} ${phrase('iterations', dialect['iterations'])}`;
}

function phrase(field: string, value: FieldValue): string {
  if (field === 'iterations') return `${String(value)} ${value === 1 ? 'iteration' : 'iterations'}`;
  return `${field} ${short(field, value)}`;
}

function short(_field: string, value: FieldValue): string {
  return typeof value === 'number' ? formatNumber(value) : String(value);
}

/** Numbers as people write them, four digits at most: `20`, `0.02`, `1e-6`. */
export function formatNumber(value: number): string {
  const rounded = Number(value.toPrecision(4));
  return rounded !== 0 && Math.abs(rounded) < 1e-3 ? rounded.toExponential().replace('e+', 'e') : String(rounded);
}

function listed(parts: readonly string[]): string {
  return parts.length < 2 ? parts.join('') : `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)!}`;
}
