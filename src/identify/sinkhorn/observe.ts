/** The three calls of a Sinkhorn identification: ordinary and long probes, extreme probes by themselves, and a few of the first again, alone. */
import { roundTo } from '../../tensor/codecs.ts';
import type { Session } from '../budget.ts';
import { batchOf, extremeProbes, longProbes, ordinaryProbes, type Probe } from './probes.ts';
import type { Asked } from './refute.ts';
import type { ByLayout, Observed } from './search.ts';

/** What was seen, or why nothing was. */
export type Observation = { readonly byLayout: ByLayout; readonly notes: readonly string[] } | { readonly failure: string };

/** Asks the kernel. Throws `Stopped`. */
export async function observe(session: Session, n: number): Promise<Observation> {
  const probes = ordinaryProbes(n);
  const first = await ask(session, n, [...probes, ...longProbes(n)]);
  if ('failure' in first) return first;
  const ordinary = part(first, 0, probes.length);
  const long = part(first, probes.length, first.probes.length);
  const notes: string[] = [];
  const extreme = await ask(session, n, extremeProbes(n));
  if ('failure' in extreme) notes.push(`On logits of ±1024 it does not answer (${extreme.failure}), so what it subtracts before the exponential is not seen.`);
  const again = ordinary.probes.filter(({ name }) => /^dense ±\d+$/.test(name));
  const repeated = await ask(session, n, again);
  if ('failure' in repeated) notes.push(`Asked the same problems again, it does not answer (${repeated.failure}).`);
  else notes.push(...difference(ordinary, repeated));
  const spoilt = ordinary.values.filter((value) => !Number.isFinite(value)).length;
  if (spoilt > 0) notes.push(`${spoilt} of ${ordinary.values.length} answers to ordinary logits are NaN or infinite.`);
  const seen: Observed = { ordinary, long, extreme: 'failure' in extreme ? undefined : extreme };
  const turned: Observed = { ordinary: transposed(ordinary), long: transposed(long), extreme: seen.extreme && transposed(seen.extreme) };
  return { byLayout: { 'as-is': seen, transposed: turned }, notes };
}

/** The probes from `from` to `to`, as a call of their own. */
function part({ n, probes, logits, values }: Asked, from: number, to: number): Asked {
  return { n, probes: probes.slice(from, to), logits: logits.slice(from * n * n, to * n * n), values: values.slice(from * n * n, to * n * n) };
}

async function ask(session: Session, n: number, probes: readonly Probe[]): Promise<Asked | { failure: string }> {
  const logits = batchOf(probes).map(roundTo[session.kernel.dtypes['logits']!]);
  const answer = await session.ask({ logits }, { tokens: probes.length, streams: n, channels: 1, depth: 1 });
  return 'failure' in answer ? answer : { n, probes, logits, values: answer.values['residualMapping']! };
}

/** The same problems, asked alone, must have the same answers. */
function difference(first: Asked, second: Asked): string[] {
  const size = first.n ** 2;
  let largest = 0;
  for (const [token, probe] of second.probes.entries()) {
    const before = first.probes.indexOf(probe);
    for (let k = 0; k < size; k++) {
      const [a, b] = [first.values[before * size + k]!, second.values[token * size + k]!];
      if (!Object.is(a, b) && !(Math.abs(a - b) <= largest)) largest = Math.abs(a - b);
    }
  }
  return largest === 0 ? [] : [`The same problems, asked again without their neighbours, have other answers (by up to ${largest.toExponential(1)}): it depends on the call or on the batch.`];
}

/** The same answers, each matrix transposed. */
function transposed(asked: Asked): Asked {
  const { n, values } = asked;
  const at = (k: number): number => {
    const within = k % (n * n);
    return k - within + (within % n) * n + Math.floor(within / n);
  };
  return { ...asked, values: values.map((_, k) => values[at(k)]!) };
}
