/** The certificate of a sample: with which confidence a property fails how rarely. */
import { arch, platform } from 'node:os';

import { z } from 'zod';

import { PlumblineError } from '../../errors.ts';
import { recipeSchema } from '../../generate/recipe.ts';
import { arithmeticSchema } from '../../numerics/arithmetic.ts';
import { dtypes } from '../../tensor/dtype.ts';
import { boundOf } from '../bound.ts';
import { subjectSchema, type Certificate, type Subject } from '../certificate.ts';
import { confirm } from '../confirm.ts';
import { canonicalText, issueCertificate, sha256 } from '../issue.ts';
import { ieeeAssumption } from '../outputs/claims.ts';
import { clopperPearsonUpper } from '../../numerics/clopper-pearson.ts';
import { sample, type Counts, type Sample, type Sampling } from './sample.ts';

const text = z.string().min(1).max(10_000);

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

/** What the certificate is about, in plain data: all that is known before the first problem is asked. */
export const statisticalPlanSchema = z.strictObject({
  property: text,
  target: text,
  operation: text,
  dialect: z.record(z.string(), z.json()),
  arithmetic: arithmeticSchema,
  dtypes: z.record(z.string(), z.enum(dtypes)),
  /** Files that declare the kernel. */
  files: z.array(subjectSchema),
  problems: z.int().min(1),
  alpha: z.number().gt(0).lt(1),
  recipe: recipeSchema,
  batch: z.int().min(1),
});
export type StatisticalPlan = z.infer<typeof statisticalPlanSchema>;

/** Undefined when it was stopped before all problems were asked. Throws what `sample` and `certifyCounts` throw. */
export async function certifyStatistical(options: CertifyStatistical): Promise<StatisticalEnd | undefined> {
  const found = await sample(options);
  if (found === undefined) return undefined;
  const environment = { node: process.versions.node, platform: platform(), arch: arch(), ...options.about };
  return { certificate: certifyCounts(planOf(options, found), options.seed, found, environment), sample: found };
}

export function planOf({ property, kernel, target, files, problems, alpha }: CertifyStatistical, { recipe, batch }: Sample): StatisticalPlan {
  const { operation, dialect, arithmetic, dtypes: own } = kernel;
  return { property: property.id, target, operation: operation.id, dialect: plain(dialect as Record<string, never>), arithmetic: plain(arithmetic), dtypes: own, files: [...files], problems, alpha, recipe: plain(recipe), batch };
}

/** Throws `bad-usage` when the property says nothing of what was drawn, and a TypeError for counts that are not of all problems. */
export function certifyCounts(plan: StatisticalPlan, seed: number, counts: Counts, environment: Certificate['environment'], issued?: Date): Certificate {
  const { property, target, operation, dialect, arithmetic, dtypes: own, problems, alpha, recipe, batch } = plan;
  const { failures, withoutClaim } = counts;
  if (counts.problems !== problems) throw new TypeError(`${counts.problems} of ${problems} problems are no sample`);
  if (withoutClaim === problems) throw new PlumblineError('bad-usage', `'${property}' says nothing about any of the ${problems} problems.`, 'Choose another --family or --scale.');
  const declared = { target, operation, dialect, arithmetic, dtypes: own };
  const subject = [...plan.files, { name: `declaration of ${target}/${operation}`, digest: { sha256: sha256(canonicalText(declared)) } }];
  const distribution = distributionOf(plan);
  const says = (bound: string): string => `With confidence 1 − ${JSON.stringify(alpha)}, ${property} fails for a share of at most ${bound} of the problems of the named distribution.`;
  const { claim, reason } = confirm({
    id: `statistical/${property}`, strength: 'statistical', plain: says, quantity: 'P(fails)', relation: '<=', bound: boundOf(clopperPearsonUpper(problems, failures, alpha), 'up'),
    method: 'clopper-pearson', parameters: { property, problems, failures, alpha, distribution, batch, recipe: recipe as never },
    assumptions: [...statisticalAssumptions], domain: distribution, seed,
  }, subject, [], 0);
  if (claim === undefined) throw new TypeError(`the checker does not confirm ${failures} failures of ${problems}: ${reason}`);
  const content = { operation, dialect, arithmetic, arithmeticEvidence: 'declared' as const };
  return issueCertificate({ subject, ...content, environment, claims: [claim], notClaimed: notClaimedOf(problems, failures, withoutClaim) }, issued);
}

/** Without undefined fields. */
function plain<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}

/** As the checker asks for them. */
const statisticalAssumptions = [
  'The problems are independent draws from the named distribution, and the kernel answers each as it would alone.',
  'Their number was fixed before the first was drawn.',
  'The counts are as the issuer reports them.',
  ieeeAssumption,
];

function distributionOf({ recipe, batch }: StatisticalPlan): string {
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
