/**
 * What is special about a problem, read off its inputs (features-in.ts) and outputs (features-out.ts), what two inputs have to do with each other (structure.ts), and where in a tile it stands. About a
 * microsecond for a 4×4 matrix of which everything was told before.
 */
import type { Operation, Sizes, Values } from '../operations/operation.ts';
import { Facts } from './facts.ts';
import { lookAtInput } from './features-in.ts';
import { lookAtOutput } from './features-out.ts';
import { layoutsOf, mostColumns, mostRows, type Layout } from './layout.ts';
import { relationOf } from './structure.ts';

/** Facts about two inputs come after those about one. */
const relationBase = 256;

export class Features {
  private readonly operation: Operation;
  private readonly facts: Facts;
  /** How the ports of the batch that is looked at lie: inputs, and outputs. */
  private sizes: Sizes | undefined;
  private looked: readonly Layout[] = [];
  private given: readonly Layout[] = [];

  /** With `once` an event that was told of an earlier problem is left out, which costs a fraction: for one who takes in all of them. */
  constructor(operation: Operation, once = false) {
    this.operation = operation;
    this.facts = new Facts(once);
  }

  /** Events of the last token that was looked at; the first `count` of them. */
  get events(): Int32Array {
    return this.facts.events;
  }
  get count(): number {
    return this.facts.count;
  }

  /** Of these the events of facts alone, without their pairs; the first `factCount`. */
  get singles(): Int32Array {
    return this.facts.singles;
  }
  get factCount(): number {
    return this.facts.factCount;
  }

  /** Looks at one token. `outputs` may be absent, when the kernel was called on something else. */
  look(inputs: Values, outputs: Values | undefined, sizes: Sizes, token: number): void {
    const { facts } = this;
    facts.begin(sizes.streams);
    if (this.sizes !== sizes) this.arrange(sizes);
    const { looked } = this;
    for (const layout of looked) lookAtInput(facts, layout, inputs[layout.port.name]!, token);
    if (looked.length > 1) this.relations(inputs, token);
    const special = facts.factCount;
    if (outputs !== undefined) {
      for (const layout of this.given) {
        const values = outputs[layout.port.name];
        if (values !== undefined) lookAtOutput(facts, layout, values, token);
      }
    }
    facts.lane(sizes.tokens, token, special);
    facts.pairs();
  }

  /** Works out once for a batch how its ports lie. */
  private arrange(sizes: Sizes): void {
    this.sizes = sizes;
    this.looked = layoutsOf(this.operation.inputs, sizes, 0);
    this.given = layoutsOf(this.operation.outputs, sizes, this.looked.length);
  }

  /** What two inputs of one shape have to do with each other. */
  private relations(inputs: Values, token: number): void {
    const { looked } = this;
    for (let b = 1; b < looked.length; b++) {
      for (let a = 0; a < b; a++) {
        const { per, port } = looked[b]!;
        if (per < 2 || per > mostRows * mostColumns || per !== looked[a]!.per) continue;
        this.facts.fact(relationBase + 8 * b + a, relationOf(inputs[looked[a]!.port.name]!, token * per, inputs[port.name]!, token * per, per));
      }
    }
  }
}
