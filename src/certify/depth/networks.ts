/**
 * How often random networks exceed a gain: N networks, N fixed before the first is drawn, each from a seed that is drawn anew from all 2³², so that they are independent draws from the uniform
 * distribution on the networks of a setting. One counts as exceeding unless its gain is proved to be within the limit; the share is bounded as Clopper and Pearson do.
 */
import { drawnLayers, type Setting } from '../../compare/inputs.ts';
import { PlumblineError } from '../../errors.ts';
import { hashText, Random } from '../../generate/random.ts';
import { boundOf } from '../bound.ts';
import type { Draft } from '../confirm.ts';
import { ieeeAssumption } from '../outputs/claims.ts';
import { clopperPearsonUpper } from '../../numerics/clopper-pearson.ts';
import { askChain, type ChainRequest } from './chain.ts';
import { bitsFor } from './composite.ts';
import { textOfDepths } from './depths.ts';
import type { DesignKernel } from './kernels.ts';
import { largestGain } from './measures.ts';

export interface Campaign {
  readonly networks: number;
  /** Largest gain, of signals or of gradients, that a network may have. */
  readonly limit: number;
  readonly alpha: number;
}

export interface CampaignEnd {
  readonly draft: Draft;
  readonly setting: string;
  readonly design: string;
  readonly networks: number;
  readonly exceeding: number;
  /** The largest gain of any network; Infinity where one grows beyond what is followed. */
  readonly largest: number;
}

/** Asks all of them. Undefined when it was stopped: a number that was not reached is no sample. Throws `bad-usage` for a setting that is searched, and what `askChain` throws. */
export async function campaign(own: DesignKernel, request: ChainRequest, depths: readonly number[], { networks, limit, alpha }: Campaign, onNetwork: (done: number) => void): Promise<CampaignEnd | undefined> {
  const { setting, distribution, layers, streams } = request;
  if (!isDrawn(setting)) throw new PlumblineError('bad-usage', `Networks of '${setting.name}' are not drawn but searched.`, 'Leave it out with --setting, or leave --networks out.');
  const { design } = own;
  const seeds = new Random(distribution.seed, hashText(`networks ${setting.name} ${design.name}`));
  let [exceeding, largest] = [0, 0];
  for (let k = 0; k < networks; k++) {
    const drawn = { ...distribution, seed: seeds.bits() };
    const one = { ...request, tokens: 1 };
    const chain = await askChain(own, one, drawnLayers(setting, drawn, 1, design.count(design.form === 'none' ? 1 : streams)));
    if (chain === undefined) return undefined;
    const bits = bitsFor(chain.mappings, layers, 1, chain.n, design.transposed);
    const gain = bits === undefined ? Infinity : largestGain(chain.mappings, { layers, n: chain.n, transposed: design.transposed }, 0, 1, depths, bits);
    if (!(gain <= limit)) exceeding++;
    largest = Math.max(largest, gain);
    onNetwork(k + 1);
  }
  return { draft: draftOf(own, request, depths, { networks, limit, alpha }, exceeding), setting: setting.name, design: design.name, networks, exceeding, largest };
}

/** Whether networks can be drawn from a setting. */
export function isDrawn({ searched }: Setting): boolean {
  return searched !== true;
}

function draftOf({ design }: DesignKernel, { setting, distribution, streams, layers }: ChainRequest, depths: readonly number[], { networks, limit, alpha }: Campaign, exceeding: number): Draft {
  const property = `'no gain above ${limit} at depths ${textOfDepths(depths)}' of ${design.name}`;
  const { gate, spread, seed } = distribution;
  const domain = `uniform on the 2^32 networks that a seed stands for: ${layers} sublayers of ${design.name}, ${setting.name} (${setting.what}), gate ${gate}, spread ${spread}, n = ${streams}, one token each`;
  return {
    id: `depth/${setting.name}/${design.name}/share-of-networks`, strength: 'statistical', method: 'clopper-pearson', quantity: 'P(fails)', relation: '<=', bound: boundOf(clopperPearsonUpper(networks, exceeding, alpha), 'up'),
    plain: (b) => `With confidence 1 − ${JSON.stringify(alpha)}, ${property} fails for a share of at most ${b} of the problems of the named distribution.`,
    parameters: { property, problems: networks, failures: exceeding, alpha, distribution: domain }, domain, seed,
    assumptions: [
      'The problems are independent draws from the named distribution, and the kernel answers each as it would alone.', 'Their number was fixed before the first was drawn.',
      'The counts are as the issuer reports them.', ieeeAssumption,
    ],
  };
}
