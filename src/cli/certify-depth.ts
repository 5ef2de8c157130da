/** `plumbline certify --depth`: chains of residual mappings from kernels, and what can be said of their products. */
import { readFileSync, statSync } from 'node:fs';
import { basename } from 'node:path';

import type { Command } from 'commander';

import type { CertifyDepth, DepthEnd } from '../certify/depth/certify-depth.ts';
import { depthsOf, textOfDepths } from '../certify/depth/depths.ts';
import { referenceKernel, targetKernels, type DesignKernel } from '../certify/depth/kernels.ts';
import { isDrawn } from '../certify/depth/networks.ts';
import { sha256 } from '../certify/issue.ts';
import { designNamed, designs as allDesigns } from '../compare/designs.ts';
import { autoregressive, settingNamed, type Setting } from '../compare/inputs.ts';
import { PlumblineError } from '../errors.ts';
import { depthPlot, formatDepth, type DepthHeading } from '../report/depth.ts';
import { createStyle, wantsColour } from '../report/style.ts';
import { costlyOutcomes, OutcomeError, TargetUnusable } from '../targets/outcome.ts';
import { writeFileAtomically } from '../verify/atomic-file.ts';
import { exitCodes } from '../verify/exit-code.ts';
import { gather } from './gather.ts';
import { collect, select } from './patterns.ts';
import { correlation, integer, positive } from './values.ts';

export interface DepthFlags {
  readonly depth?: string;
  readonly designs?: string[];
  readonly setting?: string[];
  readonly tokens: number;
  readonly gate: number;
  readonly spread: number;
  readonly correlation?: number;
  readonly networks?: number;
  readonly gainLimit: number;
  readonly tensors?: string;
  readonly plot?: string;
  readonly target?: string[];
  readonly config?: string[];
  readonly python?: string;
  readonly callTimeout: number;
  readonly streams?: number;
  readonly seed: number;
  readonly alpha: number;
  readonly out?: string;
  readonly json?: true;
  readonly color: boolean;
}

/** Flags that mean nothing without --depth. */
const own = ['designs', 'setting', 'tokens', 'gate', 'spread', 'correlation', 'networks', 'gainLimit', 'tensors', 'plot'] as const;

/** Random layers, layers that are alike in two ways, and layers that are searched. */
const usualSettings = ['independent', 'repeated', 'ar1', 'orbit'];
/** Depths of published models: the columns of observed figures, where more depths are asked for than there is room. */
const publishedDepths = [1, 8, 24, 60, 122, 256];
/** As many columns as the published depths. */
const mostColumns = publishedDepths.length;

/** Adds the options to `certify`. */
export function depthOptions(command: Command): Command {
  return command
    .option('--depth <depths>', 'stability over depth: numbers of sublayers and ranges, like 1..122')
    .option('-d, --designs <names>', 'depth: designs to measure (default: all, or all that the target serves)', collect)
    .option('--setting <names>', `depth: how sublayers relate, as in compare (default: ${usualSettings.join(',')})`, collect)
    .option('--tokens <number>', 'depth: tokens of the sequence', integer(1, 4096), 16)
    .option('--gate <number>', 'depth: gate α, the same for all designs', positive, 0.3)
    .option('--spread <number>', 'depth: standard deviation of the projections, before the gate', positive, 60)
    .option('--correlation <number>', 'depth: of setting ar1, from one sublayer to the next (default: 0.9)', correlation)
    .option('--networks <number>', 'depth: also draw so many random networks, fixed beforehand, and bound the share that exceeds --gain-limit', integer(1, 1e9))
    .option('--gain-limit <number>', 'depth: with --networks, the largest gain that a network may have', positive, 2)
    .option('--tensors <file>', 'depth: where the mappings go (default: beside --out, as .safetensors)')
    .option('--plot <file>', 'depth: an SVG of gain, norm and σ₂ against depth');
}

/** Throws `bad-usage` where a flag of --depth is given without it, or one that asks for a certificate of another kind with it. */
export function requireDepth(flags: DepthFlags, command: Command): void {
  if (flags.depth !== undefined) {
    const other = (['allInputs', 'statistical', 'watch'] as const).find((name) => command.getOptionValueSource(name) === 'cli');
    if (other !== undefined) throw new PlumblineError('bad-usage', `--depth and --${other === 'allInputs' ? 'all-inputs' : other} are two kinds of certificates.`, 'Issue one after the other. With --depth, --networks is the statistical part.');
    return;
  }
  for (const name of own) {
    if (command.getOptionValueSource(name) === 'cli') throw new PlumblineError('bad-usage', `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)} is about depth.`, 'Add --depth 1..122.');
  }
}

/** What publishes a certificate: `certify` does it for all its kinds. */
export type Publish = (certificate: DepthEnd['certificate'], files: readonly string[], text: string) => Promise<void>;

/** Certifies, publishes, and returns the exit code. Throws `bad-usage`, `target-unavailable`, and what a configuration throws. */
export async function certifyOverDepth(files: readonly string[], flags: DepthFlags, stopped: () => boolean, onProgress: (what: string, share: number) => void, publish: Publish): Promise<number> {
  const depths = depthsOf(flags.depth!);
  const place = flags.tensors ?? (flags.out === undefined ? undefined : `${flags.out.replace(/\.json$/, '')}.safetensors`);
  if (place === undefined && flags.json === true) throw new PlumblineError('bad-usage', 'A certificate over depth is about mappings that need somewhere to go.', 'Add --out depth.json, or --tensors depth.safetensors.');
  if (place !== undefined && place === flags.out) throw new PlumblineError('bad-usage', `--out and --tensors are one file: '${place}'.`, 'Give them different names.');
  const settings = settingsOf(flags);
  if (flags.networks !== undefined && !settings.some(isDrawn)) throw new PlumblineError('bad-usage', 'Networks are drawn, and the setting that is chosen is searched.', 'Add another --setting, or leave --networks out.');
  const { source, close } = await kernelsOf(files, flags);
  try {
    const heading = headingOf(flags, depths, source.target);
    const end = await import('../certify/depth/certify-depth.ts').then(({ certifyDepth }) => certifyDepth({
      ...source, settings, depths, shown: shownOf(depths),
      distribution: { gate: flags.gate, spread: flags.spread, seed: flags.seed }, tokens: flags.tokens, streams: flags.streams ?? 4,
      campaign: flags.networks === undefined ? undefined : { networks: flags.networks, limit: flags.gainLimit, alpha: flags.alpha },
      file: basename(place ?? 'depth.safetensors'), callTimeoutMs: flags.callTimeout, stopped, onProgress,
    }));
    if (end === undefined) return exitCodes.interrupted;
    if (place !== undefined) writeFileAtomically(place, end.bytes);
    if (flags.plot !== undefined) writeFileAtomically(flags.plot, depthPlot(end, heading));
    await publish(end.certificate, place === undefined ? [] : [place], formatDepth(end, heading, createStyle(wantsColour(process.stdout, process.env, flags.color))));
    return exitCodes.held;
  } catch (error) {
    if (error instanceof TargetUnusable) throw new PlumblineError('target-unavailable', error.message, error.remedy, { cause: error });
    if (!(error instanceof OutcomeError)) throw error;
    process.stderr.write(`REFUSED, ${error.outcome}: ${error.message}\n  Nothing is certified of a kernel that answers so; plumbline verify finds and shrinks the inputs.\n`);
    return costlyOutcomes.includes(error.outcome) ? exitCodes.target : exitCodes.counterexample;
  } finally {
    await close();
  }
}

/** Depths that were asked for, and no others; the deepest always. */
function shownOf(depths: readonly number[]): number[] {
  const deepest = depths.at(-1)!;
  return depths.filter((depth) => depths.length <= mostColumns || depth === deepest || publishedDepths.includes(depth));
}

function settingsOf({ setting = usualSettings, correlation: rho }: DepthFlags): Setting[] {
  const settings = [...new Set(setting)].map(settingNamed);
  if (rho === undefined) return settings;
  if (!settings.some(({ name }) => name === 'ar1')) throw new PlumblineError('bad-usage', '--correlation is about the setting ar1, which is not chosen.', 'Add it to --setting, or leave --correlation out.');
  return settings.map((one) => (one.name === 'ar1' ? autoregressive(rho) : one));
}

interface Source {
  readonly source: Pick<CertifyDepth, 'target' | 'about' | 'kernels' | 'files'>;
  readonly close: () => Promise<void>;
}

/** The reference kernels of the designs; with a target or files what those declare. */
async function kernelsOf(files: readonly string[], flags: DepthFlags): Promise<Source> {
  if (flags.target === undefined && files.length === 0) return { source: { target: 'reference', kernels: referencesOf(flags), files: [] }, close: () => Promise.resolve() };
  const gathered = await gather(files, flags.config, flags.python);
  const targets = select('target', gathered.targets, ({ name }) => name, flags.target);
  const [target] = targets;
  if (target === undefined || targets.length > 1) throw new PlumblineError('bad-usage', `Chains are made by one target; ${targets.length} are chosen.`, `Name one with --target: ${targets.map(({ name }) => name).slice(0, 12).join(', ')}`);
  const availability = await target.open();
  if (availability.status === 'unavailable') throw new PlumblineError('target-unavailable', `${target.name} is unavailable: ${availability.reason}`, availability.remedy);
  try {
    const served = targetKernels(target.name, target.kernels(), flags.designs);
    const kernels = flags.designs === undefined ? fitting(served, flags.streams ?? 4) : served;
    const subjects = gathered.loaded.filter((file) => statSync(file).isFile()).map((file) => ({ name: basename(file), digest: { sha256: sha256(readFileSync(file)) } }));
    return { source: { target: target.name, about: availability.about, kernels, files: subjects }, close: () => target.close() };
  } catch (error) {
    await target.close();
    throw error;
  }
}

function referencesOf({ designs, streams = 4 }: DepthFlags): DesignKernel[] {
  if (designs !== undefined) return [...new Set(designs)].map((name) => referenceKernel(designNamed(name)));
  return fitting(allDesigns.map(referenceKernel), streams);
}

function fitting(kernels: readonly DesignKernel[], streams: number): DesignKernel[] {
  const found = kernels.filter(({ design: { streamCounts } }) => streamCounts === undefined || streamCounts.includes(streams));
  if (found.length === 0) throw new PlumblineError('bad-usage', `No kernel is defined for ${streams} streams.`, 'Change --streams.');
  return found;
}

function headingOf(flags: DepthFlags, depths: readonly number[], target: string): DepthHeading {
  const inputs = `seed ${flags.seed} · ${flags.tokens} tokens · ${flags.streams ?? 4} streams · gate α ${flags.gate} · projections of spread ${flags.spread} · kernels of ${target}`;
  return { depths: textOfDepths(depths), deepest: depths.at(-1)!, inputs };
}
