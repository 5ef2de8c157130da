/** Simpler problems than a given one: the candidates of one round of shrinking. All keep the sizes. */
import type { Problem } from './literal.ts';

/** Largest number of candidates of a round; they travel as the tokens of one kernel call. */
const mostCandidates = 512;

/** Candidates, boldest first. */
export function simplifications(problem: Problem): Problem[] {
  const ports = Object.keys(problem);
  const places = ports.flatMap((port) => problem[port]!.map((value, index) => ({ port, index, value })));
  const nonZero = places.filter(({ value }) => !Object.is(value, 0));
  const single = nonZero.slice(0, mostCandidates);
  const candidates: Problem[] = [];
  const everywhere = (change: (value: number) => number): void => void candidates.push(mapped(problem, ports, change));

  for (const port of ports) candidates.push(mapped(problem, [port], () => 0));
  for (const kept of single) candidates.push(only(problem, [kept]));
  for (const port of ports) for (const kept of single.filter((place) => place.port === port)) candidates.push({ ...problem, [port]: only(problem, [kept])[port]! });
  everywhere((value) => Math.sign(value));
  everywhere((value) => Math.round(value));
  everywhere((value) => digits(value, 1));
  everywhere((value) => (Math.abs(value) < largest(nonZero) / 2 ? 0 : value));
  everywhere((value) => (value > 0 ? largest(nonZero) : 0));
  for (const port of ports) {
    candidates.push(mapped(problem, [port], (value) => Math.sign(value)));
    candidates.push(mapped(problem, [port], () => 1));
    candidates.push(mapped(problem, [port], (value) => Math.round(value)));
    candidates.push(mapped(problem, [port], (value) => digits(value, 1)));
    candidates.push(mapped(problem, [port], (value) => digits(value, 2)));
  }
  if (nonZero.length <= 24) {
    for (let a = 0; a < nonZero.length; a++) for (let b = a + 1; b < nonZero.length; b++) candidates.push(only(problem, [nonZero[a]!, nonZero[b]!]));
  }
  for (const block of blocks(nonZero.length).slice(0, mostCandidates)) candidates.push(replaced(problem, nonZero.slice(...block), () => 0));
  for (const place of single) {
    for (const simpler of [Math.sign(place.value), Math.round(place.value), digits(place.value, 1), digits(place.value, 2), Math.trunc(place.value / 2)]) {
      candidates.push(replaced(problem, [place], () => simpler));
    }
  }
  return candidates.slice(0, mostCandidates);
}

/**
 * Steps that make a problem simpler one after another, boldest first: whole ports, all numbers, ever smaller parts of what is not zero. For what a batch
 * shares, where every candidate costs a call: a step that another has made needless changes nothing and costs none.
 */
export function simplifyingSteps(problem: Problem): ((current: Problem) => Problem)[] {
  const ports = Object.keys(problem);
  const nonZero = ports.flatMap((port) => problem[port]!.map((value, index) => ({ port, index, value }))).filter(({ value }) => !Object.is(value, 0));
  const changes: ((value: number) => number)[] = [Math.sign, Math.round, (value) => digits(value, 1)];
  return [
    ...ports.map((port) => (current: Problem) => mapped(current, [port], () => 0)),
    ...changes.map((change) => (current: Problem) => mapped(current, ports, change)),
    ...changes.flatMap((change) => ports.map((port) => (current: Problem) => mapped(current, [port], change))),
    ...blocks(nonZero.length).map(([from, to]) => (current: Problem) => replaced(current, nonZero.slice(from, to), () => 0)),
  ];
}

/** Index ranges of halves, quarters … down to single places. */
function blocks(length: number): [number, number][] {
  const ranges: [number, number][] = [];
  for (let size = Math.ceil(length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let from = 0; from < length; from += size) ranges.push([from, from + size]);
  }
  return ranges;
}

interface Place {
  readonly port: string;
  readonly index: number;
  readonly value: number;
}

function largest(places: readonly Place[]): number {
  return places.reduce((most, { value }) => Math.max(most, Math.abs(value)), 0);
}

function only(problem: Problem, kept: readonly Place[]): Problem {
  const zeros = mapped(problem, Object.keys(problem), () => 0);
  return kept.reduce<Problem>((result, { port, index, value }) => ({ ...result, [port]: result[port]!.with(index, value) }), zeros);
}

function replaced(problem: Problem, places: readonly Place[], change: (value: number) => number): Problem {
  const changed = new Map([...new Set(places.map(({ port }) => port))].map((port) => [port, problem[port]!.slice()]));
  for (const { port, index, value } of places) changed.get(port)![index] = change(value);
  return { ...problem, ...Object.fromEntries(changed) };
}

function mapped(problem: Problem, ports: readonly string[], change: (value: number) => number): Problem {
  return { ...problem, ...Object.fromEntries(ports.map((port) => [port, problem[port]!.map((value) => change(value) + 0)])) };
}

function digits(value: number, count: number): number {
  return Number.isFinite(value) ? Number(value.toPrecision(count)) : value;
}
