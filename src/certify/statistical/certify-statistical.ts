/** The certificate of a sample: with which confidence a property fails how rarely. */
import { arch, platform } from 'node:os';

import { boundOf } from '../bound.ts';
import type { Certificate, Subject } from '../certificate.ts';
import { confirm } from '../confirm.ts';
import { canonicalText, issueCertificate, sha256 } from '../issue.ts';
import { ieeeAssumption } from '../outputs/claims.ts';
import { clopperPearsonUpper } from './clopper-pearson.ts';
import { sample, type Sample, type Sampling } from './sample.ts';

export interface CertifyStatistical extends Sampling {
  readonly target: string;
  /** What the target says it runs on. */
  readonly about: Readonly<Record<string, string | number | boolean>> | undefined;
  /** Files that declare the kernel. */
  readonly files: readonly Subject[];
  /** One minus the confidence. */
  readonly alpha: number;
}

export interface StatisticalEnd {
  readonly certificate: Certificate;
  readonly sample: Sample;
}

/** Undefined when it was stopped before all problems were asked. Throws what `sample` throws. */
export async function certifyStatistical(options: CertifyStatistical): Promise<StatisticalEnd | undefined> {
  const found = await sample(options);
  if (found === undefined) return undefined;
  const { property, kernel, target, problems, alpha, seed } = options;
  const { recipe, batch, failures, withoutClaim } = found;
  const declared = { target, operation: kernel.operation.id, dialect: kernel.dialect as Record<string, never>, arithmetic: kernel.arithmetic, dtypes: kernel.dtypes };
  const subject = [...options.files, { name: `declaration of ${target}/${kernel.operation.id}`, digest: { sha256: sha256(canonicalText(JSON.parse(JSON.stringify(declared)))) } }];
  const distribution = distributionOf(found);
  const says = (bound: string): string => `With confidence 1 − ${JSON.stringify(alpha)}, ${property.id} fails for a share of at most ${bound} of the problems of the named distribution.`;
  const { claim, reason } = confirm({
    id: `statistical/${property.id}`, strength: 'statistical', plain: says, quantity: 'P(fails)', relation: '<=', bound: boundOf(clopperPearsonUpper(problems, failures, alpha), 'up'),
    method: 'clopper-pearson', parameters: { property: property.id, problems, failures, alpha, distribution, batch, recipe: JSON.parse(JSON.stringify(recipe)) as never },
    assumptions: [...statisticalAssumptions], domain: distribution, seed,
  }, subject, [], 0);
  if (claim === undefined) throw new TypeError(`the checker does not confirm ${failures} failures of ${problems}: ${reason}`);
  const environment = { node: process.versions.node, platform: platform(), arch: arch(), ...options.about };
  const content = { operation: kernel.operation.id, dialect: declared.dialect, arithmetic: kernel.arithmetic, arithmeticEvidence: 'declared' as const };
  return { certificate: issueCertificate({ subject, ...content, environment, claims: [claim], notClaimed: notClaimedOf(problems, failures, withoutClaim) }), sample: found };
}

/** As the checker asks for them. */
const statisticalAssumptions = [
  'The problems are independent draws from the named distribution, and the kernel answers each as it would alone.',
  'Their number was fixed before the first was drawn.',
  'The counts are as the issuer reports them.',
  ieeeAssumption,
];

function distributionOf({ recipe, batch }: Sample): string {
  const { operation, sizes, families, scale, seed } = recipe;
  const kinds = Object.entries(families).map(([kind, family]) => `${kind} ${family}`);
  const drawn = [...(kinds.length === 0 ? ['all families of the property, dealt evenly'] : kinds), `scale ${scale}`].join(', ');
  const { streams, channels, depth } = sizes;
  return `uniform on the 2^24 ${operation} problems of n = ${streams}, C = ${channels}, depth ${depth}, ${drawn}, recipe seed ${seed}, asked ${batch} a call`;
}

function notClaimedOf(problems: number, failures: number, withoutClaim: number): string[] {
  return [
    `That the property holds for every problem: ${failures} of ${problems} failed.`,
    'Other distributions: rare inputs, other sizes, other seeds of what all tokens share.',
    'Several such certificates together: their error probabilities add up.',
    ...(withoutClaim > 0 ? [`${withoutClaim} of ${problems} problems: the property says nothing about them, and they count as not failing.`] : []),
  ];
}
