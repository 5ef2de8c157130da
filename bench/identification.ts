/**
 * Identification: every preset of Sinkhorn on every built-in target that can run here. A field counts as right when it is known and is what the
 * kernel computes, or when it is said to be open and the truth is among what is left; wrong is a known field that is another.
 *   node dist/bench/identification.js
 */
import { builtInTargets, identifyTarget, inProcess, referenceKernels, sinkhornPresets, type Field, type KernelDeclaration, type Target } from '../src/index.ts';
import { tfjsBackends } from '../src/kernels/tfjs/index.ts';
import { tfjsTarget } from '../src/targets/tfjs.ts';
import { machine } from './machine.ts';

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

console.log(`# ${machine()}`);
const rows: Record<string, string | number>[] = [];
for (const name of available) {
  for (const [preset, dialect] of Object.entries(sinkhornPresets)) {
    const target = targetOf(name, preset);
    await target.open();
    let problems = 0;
    const before = process.cpuUsage().user;
    const found = await identifyTarget(counting(target.kernels(), (more) => (problems += more)), {});
    const cpuMs = (process.cpuUsage().user - before) / 1000;
    await target.close();
    const sinkhorn = found.find(({ operation }) => operation === 'sinkhorn');
    const fields = (sinkhorn?.fields ?? []).filter(({ field }) => field in dialect);
    const wrong = fields.filter((field) => !holds(field, dialect[field.field as keyof typeof dialect]));
    const ambiguous = fields.filter(({ status }) => status === 'ambiguous');
    rows.push({
      target: name,
      preset,
      known: fields.filter((field) => field.status === 'known' && !wrong.includes(field)).length,
      'not visible': fields.filter(({ status }) => status === 'not-visible').map(({ field }) => field).join(', '),
      ambiguous: ambiguous.map(({ field }) => field).join(', '),
      wrong: wrong.map(({ field }) => field).join(', '),
      'all right': sinkhorn?.verdict === 'identified' && fields.length === Object.keys(dialect).length && wrong.length === 0 && problems <= 64 ? 'yes' : 'no',
      problems,
      'cpu ms': Math.round(cpuMs),
    });
  }
}
console.table(rows);
const right = Object.keys(sinkhornPresets).filter((preset) => rows.filter((row) => row['preset'] === preset).every((row) => row['all right'] === 'yes'));
console.log(`all visible fields right on ${right.length} of ${Object.keys(sinkhornPresets).length} presets within 64 problems on every built-in target (${[...available].join(', ')}); at most ${Math.max(...rows.map(({ problems }) => Number(problems)))} problems used`);
process.exitCode = right.length === Object.keys(sinkhornPresets).length ? 0 : 1;
