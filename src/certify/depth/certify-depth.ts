/** Stability over depth: chains of mappings from kernels, measured and claimed; what holds for every input; what holds of a share of random networks; and what was only seen. */
import { arch, cpus, platform } from 'node:os';

import { requireStreams } from '../../compare/designs.ts';
import type { Distribution, Setting } from '../../compare/inputs.ts';
import { measureComposites, type CompositeFigures } from '../../compare/measure.ts';
import { encodeSafetensors } from '../../tensor/safetensors.ts';
import { tensor, type Tensor } from '../../tensor/tensor.ts';
import { breathe } from '../../verify/breathe.ts';
import type { Certificate, Claim, Subject } from '../certificate.ts';
import { confirm, type Draft } from '../confirm.ts';
import { canonicalText, issueCertificate, sha256 } from '../issue.ts';
import { chainOf, type ChainRequest } from './chain.ts';
import { depthDrafts } from './claims.ts';
import type { DesignKernel } from './kernels.ts';
import { measureDepth, type Figures, type MeasuredChain } from './measures.ts';
import { campaign, isDrawn, type Campaign, type CampaignEnd } from './networks.ts';
import { theoremDrafts } from './theorems.ts';

export interface CertifyDepth {
  /** Of whom the kernels are: `reference`, or a target. */
  readonly target: string;
  readonly about?: Readonly<Record<string, string | number | boolean>> | undefined;
  readonly kernels: readonly DesignKernel[];
  /** Files that declare them. */
  readonly files: readonly Subject[];
  readonly settings: readonly Setting[];
  readonly distribution: Distribution;
  /** Ascending. */
  readonly depths: readonly number[];
  /** Depths of which figures that are not claimed are kept. */
  readonly shown: readonly number[];
  readonly tokens: number;
  readonly streams: number;
  readonly campaign?: Campaign | undefined;
  /** Name of the file that the tensors will have. */
  readonly file: string;
  readonly callTimeoutMs: number;
  readonly stopped: () => boolean;
  readonly onProgress: (what: string, share: number) => void;
}

/** One design in one setting. */
export interface ChainReport {
  readonly setting: Setting;
  readonly design: string;
  readonly streams: number;
  /** Bounds at depths 1, 2, …; empty where the products grow beyond what is followed. */
  readonly figures: readonly Figures[];
  readonly observed: readonly { readonly depth: number; readonly figures: CompositeFigures }[];
  readonly claims: readonly Claim[];
}

export interface DepthEnd {
  readonly certificate: Certificate;
  /** The tensors that it is about, a safetensors file. */
  readonly bytes: Buffer;
  readonly chains: readonly ChainReport[];
  readonly campaigns: readonly CampaignEnd[];
}

const notClaimed = [
  'Other numbers than those that gave these mappings, but where a claim says for all inputs, or names a distribution.',
  'That a searched chain is the worst: it is the worst that was found.',
  'That the mappings are what a kernel should have computed: plumbline verify is about that.',
  'Anything but the residual mappings: the layer functions, and what reading from and writing to the streams adds.',
  'Preservation of the gradient norm: the component along the mean of the streams is preserved as far as rows and columns sum to 1; the mean-free part contracts.',
];

interface Asked {
  readonly own: DesignKernel;
  readonly setting: Setting;
  readonly name: string;
  readonly tensor: Tensor;
  readonly measured: MeasuredChain | undefined;
}

/** Undefined when it was stopped. Throws `bad-usage`; `OutcomeError` for a kernel that answers wrongly, with the layer. */
export async function certifyDepth(options: CertifyDepth): Promise<DepthEnd | undefined> {
  const { kernels, settings, streams, tokens, distribution, stopped } = options;
  for (const { design } of kernels) requireStreams(design, streams);
  const request = (setting: Setting): ChainRequest => ({ setting, distribution, layers: options.depths.at(-1)!, tokens, streams, callTimeoutMs: options.callTimeoutMs, stopped });
  const asked: Asked[] = [];
  for (const setting of settings) {
    for (const own of kernels) {
      options.onProgress(`multiplying ${setting.name}/${own.design.name}`, asked.length / (settings.length * kernels.length));
      const one = await ask(own, request(setting), options.shown);
      if (one === undefined) return undefined;
      asked.push(one);
    }
  }
  const campaigns: CampaignEnd[] = [];
  if (options.campaign !== undefined) {
    for (const setting of settings.filter(isDrawn)) {
      for (const own of kernels) {
        const { networks } = options.campaign;
        const end = await campaign(own, request(setting), options.depths, options.campaign, (done) => options.onProgress(`drawing networks of ${setting.name}/${own.design.name}`, done / networks));
        if (end === undefined) return undefined;
        campaigns.push(end);
      }
    }
  }
  return issue(options, asked, campaigns);
}

async function ask(own: DesignKernel, request: ChainRequest, shown: readonly number[]): Promise<Asked | undefined> {
  const chain = await chainOf(own, request);
  if (chain === undefined) return undefined;
  const { mappings, dtype, n } = chain;
  const { layers, tokens, setting } = request;
  const measured = measureDepth(mappings, { layers, tokens, n, transposed: own.design.transposed }, shown);
  return { own, setting, name: `${setting.name}/${own.design.name}`, tensor: tensor(mappings, [layers, tokens, n, n], dtype), measured };
}

async function issue(options: CertifyDepth, asked: readonly Asked[], campaigns: readonly CampaignEnd[]): Promise<DepthEnd | undefined> {
  const { kernels, depths, distribution } = options;
  const bytes = Buffer.from(encodeSafetensors(Object.fromEntries(asked.map((one) => [one.name, one.tensor]))));
  const tensors: Subject = { name: options.file, digest: { sha256: sha256(bytes) } };
  const missing: string[] = [];
  const proved = theorems(options, missing);
  const subject = [tensors, ...options.files, ...kernels.map((own) => declarationOf(own, options.target)), ...parametersOf(proved)];
  const claimed = async (drafts: readonly Draft[], files: readonly Buffer[], unit: number): Promise<Claim[] | undefined> => {
    const claims: Claim[] = [];
    for (const draft of drafts) {
      await breathe();
      if (options.stopped()) return undefined;
      const { claim, reason } = confirm(draft, subject, files, unit);
      if (claim === undefined) missing.push(`${draft.id}: the checker does not confirm it (${reason}).`);
      else claims.push(claim);
    }
    return claims;
  };
  const everywhere = await claimed(proved, [], 1);
  const shares = await claimed(campaigns.map(({ draft }) => draft), [], 0);
  if (everywhere === undefined || shares === undefined) return undefined;
  const chains: ChainReport[] = [];
  for (const { own, setting, name, tensor: { shape }, measured } of asked) {
    options.onProgress(`confirming ${name}`, chains.length / asked.length);
    if (measured === undefined) missing.push(`${name}: the products grow beyond what is followed.`);
    const stored = { file: options.file, tensor: name, shape, orientation: own.design.transposed ? 'transposed' as const : 'plain' as const, bits: measured?.bits ?? 0 };
    const { drafts, missing: unbounded } = measured === undefined ? { drafts: [], missing: [] } : depthDrafts(stored, measured.figures, depths);
    missing.push(...unbounded);
    const claims = await claimed(drafts, [bytes], 0);
    if (claims === undefined) return undefined;
    const observed = [...(measured?.composites ?? [])].map(([depth, composites]) => ({ depth, figures: measureComposites(composites, shape[1]!, shape[2]!, distribution.seed) }));
    chains.push({ setting, design: own.design.name, streams: shape[2]!, figures: measured?.figures ?? [], observed, claims });
  }
  const certificate = issueCertificate({
    subject, claims: [...everywhere, ...chains.flatMap(({ claims }) => claims), ...shares],
    notClaimed: [...notClaimed, ...(campaigns.length > 1 ? ['Several statistical claims together: their error probabilities add up.'] : []), ...missing],
    environment: { node: process.versions.node, platform: platform(), arch: arch(), cpu: cpus()[0]?.model ?? 'unknown', target: options.target, ...options.about },
  });
  return { certificate, bytes, chains, campaigns };
}

function theorems({ kernels, streams, depths }: CertifyDepth, missing: string[]): Draft[] {
  return kernels.flatMap((own) => {
    const drafts = theoremDrafts(own, streams, depths.at(-1)!);
    if (typeof drafts !== 'string') return drafts;
    missing.push(`${own.design.name}, a bound for all inputs at any depth: ${drafts}.`);
    return [];
  });
}

/** What theorems are about, as subjects: the parameters of each kernel, once. */
function parametersOf(drafts: readonly Draft[]): Subject[] {
  const subjects = drafts.map(({ id, parameters: { kernel } }): Subject => ({ name: `parameters of ${id.split('/')[1]!}`, digest: { sha256: sha256(canonicalText({ kernel })) } }));
  return [...new Map(subjects.map((one) => [one.digest['sha256'], one])).values()];
}

/** What a kernel declares, as a subject. */
function declarationOf({ design, kernel }: DesignKernel, target: string): Subject {
  const { operation, dialect, arithmetic, dtypes } = kernel;
  const declared = { target, operation: operation.id, dialect, arithmetic, dtypes };
  return { name: `declaration of ${target}/${operation.id} for ${design.name}`, digest: { sha256: sha256(canonicalText(JSON.parse(JSON.stringify(declared)))) } };
}
