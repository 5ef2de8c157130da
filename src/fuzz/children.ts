/** Children of a problem: a copy of it, changed by mutation or differential evolution (mutate.ts) in one of its inputs, or more rarely in all of them. */
import type { Random } from '../generate/random.ts';
import { lengthOf } from '../operations/dims.ts';
import { elementsPerToken, isShared, type Operation, type Port, type Sizes } from '../operations/operation.ts';
import type { ResolvedKernel } from '../verify/property.ts';
import { difference, mutate } from './mutate.ts';
import type { Specimen } from './specimen.ts';

/** An input of which each token has its own numbers. */
export interface OwnPort {
  readonly name: string;
  readonly per: number;
  readonly columns: number;
  /** The largest magnitude: what every dtype holds with room for a shift, for logits what the families reach. */
  readonly limit: number;
}

/** The inputs that may change. */
export function ownPorts({ operation, dtypes }: ResolvedKernel, sizes: Sizes): readonly OwnPort[] {
  return (operation as unknown as Operation).inputs.filter((port) => !isShared(port) && elementsPerToken(port, sizes) > 0).map((port) => ({
    name: port.name, per: elementsPerToken(port, sizes), columns: lengthOf(port.dims.at(-1)!, sizes), limit: limitOf(port, dtypes[port.name]),
  }));
}

function limitOf(port: Port, dtype: string | undefined): number {
  if (port.role === 'logits') return 4e4;
  return dtype === 'f16' ? 3e4 : 1e9;
}

/** Changes a copy of a problem in place; with two others, half of the time by differential evolution. `ports` are not none. */
export function change(values: Readonly<Record<string, Float64Array>>, ports: readonly OwnPort[], mate: Specimen | undefined, other: Specimen | undefined, random: Random): void {
  const chosen = random.below(4) === 0 ? ports : [random.pick(ports)];
  const evolve = mate !== undefined && other !== undefined && random.below(2) === 0;
  for (const { name, per, columns, limit } of chosen) {
    const own = values[name]!;
    if (evolve) difference(own, mate.values[name]!, other.values[name]!, random, limit);
    else {
      const alike = ports.length === 1 ? [] : ports.filter((port) => port.name !== name && port.per === per);
      const beside = alike.length > 0 ? values[random.pick(alike).name] : undefined;
      mutate({ values: own, rows: per / columns, columns, beside }, random, mate?.values[name], limit);
    }
  }
}
