/** A certificate for people: the strongest words first, a sentence, then the numbers; and what the checker says of it. */
import type { Certificate, Claim } from '../certify/certificate.ts';
import type { Checked } from '../certify/checker/check.ts';
import type { Strength } from '../certify/methods.ts';
import { oneLine } from './failure.ts';
import { counted } from './figures.ts';
import type { Style } from './style.ts';

/** What a claim is about, by its strength; strongest first. */
export const strengthTitles: Readonly<Record<Strength, string>> = {
  'all-inputs': 'FOR ALL INPUTS of the stated domain',
  'checkpoint': 'FOR THIS CHECKPOINT, every input of the network',
  'these-outputs': 'FOR THESE OUTPUTS, and no others',
  'statistical': 'STATISTICAL, at the stated confidence',
};

/** Lines without a trailing newline. */
export function formatCertificate(certificate: Certificate, style: Style): string {
  const { claims, subject, notClaimed, digest } = certificate;
  const lines = [`${style.bold('Certificate')} of ${subject.map(({ name }) => oneLine(name)).join(', ')}`, style.dim(`  ${digest}`)];
  for (const strength of Object.keys(strengthTitles) as Strength[]) {
    const ours = claims.filter((claim) => claim.strength === strength);
    if (ours.length === 0) continue;
    lines.push('', style.bold(strengthTitles[strength]));
    for (const claim of ours) lines.push(...formatClaim(claim, style));
    for (const domain of new Set(ours.map((claim) => claim.domain))) lines.push(style.dim(`  about ${oneLine(domain)}`));
    for (const assumption of new Set(ours.flatMap(({ assumptions }) => assumptions))) lines.push(style.dim(`  assumes ${oneLine(assumption)}`));
  }
  lines.push('', style.bold('NOT CLAIMED'), ...notClaimed.map((one) => `  ${style.yellow(oneLine(one))}`));
  return lines.join('\n');
}

function formatClaim({ plain, quantity, relation, bound, place, method }: Claim, style: Style): string[] {
  const where = place === undefined ? '' : `, worst at ${Object.entries(place).map(([name, at]) => `${name} ${at}`).join(', ')}`;
  const sign = relation === '<=' ? '≤' : '≥';
  return [`  ${style.green(oneLine(plain))}`, style.dim(`    ${oneLine(quantity)} ${sign} ${bound.decimal} (${bound.hex}, rounded ${bound.rounded}; ${method}${where})`)];
}

/** What `plumbline check` found, claim by claim. */
export function formatChecked({ refused, claims }: Checked, accepted: boolean, style: Style): string {
  if (refused !== undefined) return style.red(`refused: ${oneLine(refused)}`);
  const paint = { 'holds': style.green, 'refused': style.red, 'not checked': style.yellow };
  const lines = claims.map(({ id, verdict, reason, says }) => `  ${paint[verdict](verdict)}  ${id}  ${oneLine(verdict === 'holds' ? says : reason)}`);
  const confirmed = claims.filter(({ verdict }) => verdict === 'holds').length;
  const head = `${accepted ? style.green('valid') : style.red('not valid')}: ${confirmed} of ${counted(claims.length, 'claim')} confirmed`;
  return [head, ...lines].join('\n');
}
