/** Which entries of a corpus say nothing that others do not. */
import { operations } from '../../operations/index.ts';
import type { CounterexampleData } from '../../verify/counterexample-file.ts';
import { Coverage } from '../coverage.ts';
import { Features } from '../features.ts';
import { isBetter, keyOf } from './corpus.ts';
import { specimensOf } from './keeper.ts';

interface Named {
  readonly name: string;
  readonly data: CounterexampleData;
}

/** Of each property, outcome and place the best entry; of the problems that were merely worth keeping, those whose inputs meet an event that none before them met. */
export function minimised(entries: Iterable<Named>): { readonly kept: number; readonly dropped: readonly string[] } {
  const best = new Map<string, Named>();
  const dropped: string[] = [];
  for (const entry of entries) {
    const key = keyOf(entry.data);
    const known = best.get(key);
    if (known !== undefined) dropped.push(isBetter(entry.data, known.data) ? known.name : entry.name);
    if (known === undefined || isBetter(entry.data, known.data)) best.set(key, entry);
  }
  const met = new Map<string, Coverage>();
  const features = new Map<string, Features>();
  let kept = 0;
  for (const { name, data } of best.values()) {
    if (data.outcome !== 'ok' || meetsSomething(data, met, features)) kept++;
    else dropped.push(name);
  }
  return { kept, dropped };
}

function meetsSomething(data: CounterexampleData, met: Map<string, Coverage>, features: Map<string, Features>): boolean {
  const [specimen] = specimensOf(data);
  if (specimen === undefined) return false;
  const id = specimen.operation;
  const coverage = met.get(id) ?? new Coverage();
  const looking = features.get(id) ?? new Features(operations[id]);
  met.set(id, coverage);
  features.set(id, looking);
  looking.look(specimen.values, undefined, specimen.sizes, 0);
  let found = false;
  for (let k = 0; k < looking.count; k++) if (coverage.add(looking.events[k]!)) found = true;
  return found;
}
