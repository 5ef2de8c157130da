/** A batch that fills with children. They are made where they lie: arrays of their own would cost as much as changing them. */
import type { Random } from '../generate/random.ts';
import type { Recipe } from '../generate/recipe.ts';
import { isShared, type Operation, type Sizes, type Values } from '../operations/operation.ts';
import type { ResolvedKernel } from '../verify/property.ts';
import { change, ownPorts, type OwnPort } from './children.ts';
import type { Specimen } from './specimen.ts';

export class Litter {
  readonly inputs: Values;
  readonly sizes: Sizes;
  /** What each descends from. */
  readonly recipes: (Recipe | undefined)[] = [];
  private readonly ports: readonly OwnPort[];

  /** For `tokens` problems that are children of what fits together with `first`, whose shared ports they get. */
  constructor(kernel: ResolvedKernel, first: Specimen, tokens: number) {
    this.sizes = { ...first.sizes, tokens };
    this.ports = ownPorts(kernel, first.sizes);
    const { inputs } = kernel.operation as unknown as Operation;
    this.inputs = Object.fromEntries(inputs.map((port) => [port.name, isShared(port) ? first.values[port.name]! : new Float64Array(tokens * first.values[port.name]!.length)]));
  }

  /** Children there are. */
  get born(): number {
    return this.recipes.length;
  }

  /** The problem as it is. Returns the numbers of its own ports. */
  copy(parent: Specimen): Readonly<Record<string, Float64Array>> {
    const own: Record<string, Float64Array> = {};
    for (const { name, per } of this.ports) {
      const values = new Float64Array(this.inputs[name]!.buffer, 8 * per * this.born, per);
      values.set(parent.values[name]!);
      own[name] = values;
    }
    this.recipes.push(parent.recipe);
    return own;
  }

  /** A changed copy; with a mate and another maybe by differential evolution. */
  child(parent: Specimen, mate: Specimen | undefined, other: Specimen | undefined, random: Random): void {
    const own = this.copy(parent);
    if (this.ports.length > 0) change(own, this.ports, mate, other, random);
  }
}
