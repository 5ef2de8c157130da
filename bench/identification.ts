/**
 * Identification: every preset of Sinkhorn on every built-in target that can run here. A field counts as right when it is known and is what the
 * kernel computes, or when it is said to be open and the truth is among what is left; wrong is a known field that is another.
 *   node dist/bench/identification.js
 */
import { builtInTargets, identifyTarget, inProcess, referenceKernels, sinkhornPresets, type Field, type KernelDeclaration, type Target } from '../src/index.ts';
import { tfjsBackends } from '../src/kernels/tfjs/index.ts';
import { tfjsTarget } from '../src/targets/tfjs.ts';
import { machine } from './machine.ts';
import { spread, threadsWanted } from './threads.ts';

const available = new Set<string>();
for (const target of builtInTargets()) {
  if ((await target.open()).status === 'available') available.add(target.name);
  await target.close();
}

/** The built-in target of a name with kernels of a preset. */
function targetOf(name: string, preset: string): Target {
  const dialect = sinkhornPresets[preset]!;
  const backend = tfjsBackends.find((one) => name === `tfjs-${one}`);
  return backend === undefined ? inProcess(name, { kernels: referenceKernels({ sinkhorn: dialect }) }) : tfjsTarget(backend, dialect);
}

/** Counts what a kernel is really asked. */
function counting(kernels: Readonly<Record<string, KernelDeclaration>>, count: (problems: number) => void): Record<string, KernelDeclaration> {
  const wrapped = Object.entries(kernels).map(([id, kernel]) => {
    const run: KernelDeclaration['run'] = (inputs, sizes) => {
      count(sizes.tokens);
      return kernel.run(inputs, sizes);
    };
    return [id, { ...kernel, run }] as const;
  });
  return Object.fromEntries(wrapped);
}

function holds({ value, alternatives, range }: Field, truth: unknown): boolean {
  return range === undefined ? [value, ...alternatives].includes(truth as string) : Number(truth) >= range[0] && Number(truth) <= range[1];
}

interface Row {
  readonly target: string;
  readonly preset: string;
  readonly known: number;
  readonly 'not visible': string;
  readonly ambiguous: string;
  readonly wrong: string;
  readonly 'all right': 'yes' | 'no';
  readonly problems: number;
}

async function identified(name: string, preset: string): Promise<Row> {
  const dialect = sinkhornPresets[preset]!;
  const target = targetOf(name, preset);
  await target.open();
  let problems = 0;
  const found = await identifyTarget(counting(target.kernels(), (more) => (problems += more)), {});
  await target.close();
  const sinkhorn = found.find(({ operation }) => operation === 'sinkhorn');
  const fields = (sinkhorn?.fields ?? []).filter(({ field }) => field in dialect);
  const wrong = fields.filter((field) => !holds(field, dialect[field.field as keyof typeof dialect]));
  const names = (those: readonly Field[]): string => those.map(({ field }) => field).join(', ');
  return {
    target: name,
    preset,
    known: fields.filter((field) => field.status === 'known' && !wrong.includes(field)).length,
    'not visible': names(fields.filter(({ status }) => status === 'not-visible')),
    ambiguous: names(fields.filter(({ status }) => status === 'ambiguous')),
    wrong: names(wrong),
    'all right': sinkhorn?.verdict === 'identified' && fields.length === Object.keys(dialect).length && wrong.length === 0 && problems <= 64 ? 'yes' : 'no',
    problems,
  };
}

const started = performance.now();
const presets = Object.keys(sinkhornPresets);
const pairs = [...available].flatMap((name) => presets.map((preset) => [name, preset] as const));
const rows = await spread(import.meta.url, pairs.length, (item) => identified(...pairs[item]!), ({ target, preset }, done) => {
  process.stderr.write(`\r${done}/${pairs.length} ${preset} on ${target}`.padEnd(60));
});
console.log(`\n# ${machine()}, ${threadsWanted()} threads, ${((performance.now() - started) / 1000).toFixed(0)} s`);
console.table(rows);
const right = presets.filter((preset) => rows.filter((row) => row.preset === preset).every((row) => row['all right'] === 'yes'));
console.log(`all visible fields right on ${right.length} of ${presets.length} presets within 64 problems on every built-in target (${[...available].join(', ')}); at most ${Math.max(...rows.map(({ problems }) => problems))} problems used`);
process.exitCode = right.length === presets.length ? 0 : 1;
