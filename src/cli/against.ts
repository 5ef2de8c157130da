/** What --against names: a target of this run, a file, or a commit. The kernels of files and commits are loaded twice, so that the baseline can be run against a copy of itself. */
import { existsSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';

import { loadConfig } from '../config/load.ts';
import { isWorker } from '../config/schema.ts';
import { PlumblineError } from '../errors.ts';
import type { Opponent } from '../perf/options.ts';
import { inProcess } from '../targets/in-process.ts';
import type { Target } from '../targets/kernel.ts';
import { workerTarget } from '../targets/worker/target.ts';
import { version } from '../verify/version.ts';
import { loadCopies } from './copies.ts';
import type { Gathered } from './gather.ts';
import { checkOut, commitOf } from './git-tree.ts';

export interface Against {
  readonly opponent: Opponent;
  /** The targets that are compared with it. */
  readonly candidates: readonly Target[];
  /** Removes what was written for it. */
  dispose(): void;
}

type Kind = 'target' | 'path' | 'ref';
const kinds: readonly Kind[] = ['target', 'path', 'ref'];

/** Finds out what is meant and loads it. `again` loads the run's own targets a second time. Throws `bad-usage` and what loading throws. */
export async function resolveAgainst(text: string, selected: readonly Target[], gathered: Gathered, again: () => Promise<Gathered>, python: string | undefined): Promise<Against> {
  const { kind, name } = meantBy(text, gathered);
  if (kind === 'target') return againstTarget(name, selected, gathered, await again());
  const candidates = selected.filter((target) => gathered.own.includes(target.name));
  if (candidates.length === 0) throw new PlumblineError('bad-usage', `There is nothing to compare with '${name}': built-in targets are part of plumbline, not of a file or commit.`, 'Give a file of kernels, or name a target with --against.');
  if (kind === 'path') return { opponent: await opponentOf(name, [name], gathered.loaded, candidates, '', python), candidates, dispose: () => undefined };
  return againstRef(name, candidates, gathered, python);
}

function meantBy(text: string, { targets }: Gathered): { kind: Kind; name: string } {
  const said = /^(target|path|ref):(.+)$/s.exec(text);
  if (said !== null) return { kind: said[1] as Kind, name: said[2]! };
  const is: Readonly<Record<Kind, boolean>> = { target: targets.some(({ name }) => name === text), path: existsSync(text), ref: commitOf(text) !== undefined };
  const found = kinds.filter((kind) => is[kind]);
  if (found.length === 1) return { kind: found[0]!, name: text };
  if (found.length > 1) throw new PlumblineError('bad-usage', `'${text}' is a ${found.join(' and a ')}.`, `Say which: --against ${found[0]}:${text}.`);
  throw new PlumblineError('bad-usage', `--against '${text}' is no target, no file and no commit.`, `Targets: ${targets.map(({ name }) => name).join(', ')}. A commit needs a git repository here; a file, a path from here.`);
}

function againstTarget(name: string, selected: readonly Target[], { targets, own, loaded }: Gathered, again: Gathered): Against {
  const baseline = targets.find((target) => target.name === name);
  if (baseline === undefined) throw new PlumblineError('bad-usage', `There is no target '${name}'.`, `Targets: ${targets.map((target) => target.name).join(', ')}.`);
  const candidates = selected.filter((target) => target !== baseline);
  if (candidates.length === 0) throw new PlumblineError('bad-usage', `There is no target to compare with '${name}'.`, 'Choose another with --target, or give a file of kernels.');
  // built-in kernels are modules of plumbline itself, which Node has once
  const copy = own.includes(name) ? again.targets.find((target) => target.name === name) : undefined;
  const copiesOf: Opponent['copiesOf'] = async (candidate, count, seed) => (own.includes(name) && own.includes(candidate) ? loadCopies({ paths: loaded, target: name }, { paths: loaded, target: candidate }, count, seed) : undefined);
  return { opponent: { label: `target ${name}`, baselineOf: () => baseline, controlOf: () => copy, copiesOf }, candidates, dispose: () => undefined };
}

async function againstRef(ref: string, candidates: readonly Target[], { loaded }: Gathered, python: string | undefined): Promise<Against> {
  const commit = commitOf(ref);
  if (commit === undefined) throw new PlumblineError('bad-usage', `There is no commit '${ref}' here.`, 'Give a branch, tag or hash of this repository; in CI, fetch it first (actions/checkout with fetch-depth: 0).');
  const tree = checkOut(commit);
  try {
    const paths = loaded.map((path) => {
      const place = tree.placeOf(path);
      if (place === undefined) throw new PlumblineError('bad-usage', `'${path}' is not in this repository.`, 'Run plumbline in the repository that has it, or compare with a file.');
      if (!existsSync(place)) throw new PlumblineError('bad-usage', `There is no '${path}' at ${ref} (${commit.slice(0, 7)}).`, 'Choose a later commit, or compare with a file.');
      return place;
    });
    const opponent = await opponentOf(`${ref} (${commit.slice(0, 7)})`, paths, loaded, candidates, tree.placeOf('.') ?? '', python);
    return { opponent, candidates, dispose: () => tree.dispose() };
  } catch (error) {
    tree.dispose();
    throw error;
  }
}

/** The targets of files as an opponent: each stands against the one of its name, or the only one against the only one. `folder` is where their workers run. */
async function opponentOf(label: string, paths: readonly string[], own: readonly string[], candidates: readonly Target[], folder: string, python: string | undefined): Promise<Opponent> {
  const [baselines, controls] = [await targetsOf(paths, folder, python), await targetsOf(paths, folder, python)];
  const pick = (targets: readonly Target[], name: string): Target | undefined => targets.find((target) => target.name === name) ?? (targets.length === 1 && candidates.length === 1 ? targets[0] : undefined);
  const remote = new Set(baselines.filter(({ worker }) => worker).map(({ target }) => target.name));
  return {
    label,
    baselineOf: (name) => pick(baselines.map(({ target }) => target), name),
    // launches need no control: each is another
    controlOf(name) {
      const copy = pick(controls.map(({ target }) => target), name);
      return copy === undefined || remote.has(copy.name) ? undefined : copy;
    },
    async copiesOf(name, count, seed) {
      const baseline = pick(baselines.map(({ target }) => target), name);
      return baseline === undefined || remote.has(baseline.name) ? undefined : loadCopies({ paths, target: baseline.name }, { paths: own, target: name }, count, seed);
    },
  };
}

async function targetsOf(paths: readonly string[], folder: string, python: string | undefined): Promise<{ target: Target; worker: boolean }[]> {
  const targets: { target: Target; worker: boolean }[] = [];
  for (const path of paths) {
    const { targets: declared = {} } = await loadConfig(path, python);
    for (const [name, declaration] of Object.entries(declared)) {
      if (!isWorker(declaration)) {
        targets.push({ target: inProcess(name, declaration), worker: false });
        continue;
      }
      const { cwd = '' } = declaration.worker;
      const moved = { ...declaration, worker: { ...declaration.worker, cwd: isAbsolute(cwd) ? cwd : join(folder, cwd) } };
      targets.push({ target: workerTarget(name, moved, version), worker: true });
    }
  }
  return targets;
}
