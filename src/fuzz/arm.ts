/** One claim about one kernel in a campaign: what it has cost, what it has shown. */
import type { Recipe } from '../generate/recipe.ts';
import { firstRecipes } from '../generate/arbitrary.ts';
import { hashText } from '../generate/random.ts';
import type { KernelDeclaration } from '../targets/kernel.ts';
import { KernelCaller } from '../verify/call.ts';
import type { Worst } from '../verify/judge.ts';
import type { Property, ResolvedKernel } from '../verify/property.ts';
import type { PropertyResult } from '../verify/results.ts';
import { propertySeed } from '../verify/run-property.ts';
import { takesAnyInput, type StoredCase } from '../verify/stored.ts';

/** First cases as in a quick run; then the search. */
const firstCases = 4;
/** A claim against the reference sees every wrong number, so that it gets as much time as so many others. */
const referenceWeight = 8;
/** After so many different counterexamples a claim has been refuted enough. */
export const mostFailures = 4;

export interface ArmSubject {
  readonly target: string;
  readonly property: Property;
  readonly kernel: ResolvedKernel;
  readonly declaration: KernelDeclaration;
}

export class Arm {
  readonly target: string;
  readonly property: Property;
  readonly kernel: ResolvedKernel;
  readonly declaration: KernelDeclaration;
  readonly caller: KernelCaller;
  readonly seed: number;
  /** Of what the pool keeps for it. */
  readonly objective: string;
  readonly hash: number;
  readonly anyInput: boolean;
  /** Cases that come before the search: what was stored, then what every run begins with. */
  readonly stored: StoredCase[] = [];
  readonly first: Recipe[];
  /** Recipes that met something new. */
  readonly recipes: Recipe[] = [];
  cases = 0;
  problems = 0;
  /** Time spent, in milliseconds. */
  spent = 0;
  margin = 0;
  worst: Worst | undefined;
  /** Outcome and place of the counterexamples, as they were found and when they had been shrunk. */
  readonly failures = new Set<string>();
  result: PropertyResult | undefined;
  /** Why it is over before the campaign is. */
  ended: Pick<PropertyResult, 'status' | 'reason' | 'fault'> | undefined;

  constructor(subject: ArmSubject, runSeed: number, callTimeoutMs: number) {
    const { target, property, kernel, declaration } = subject;
    this.target = target;
    this.property = property;
    this.kernel = kernel;
    this.declaration = declaration;
    this.caller = new KernelCaller(kernel, declaration.run, callTimeoutMs, declaration.remote);
    this.seed = propertySeed(runSeed, property.id);
    this.objective = `${target} ${property.id}`;
    this.hash = hashText(property.id) | 0;
    this.anyInput = takesAnyInput(property);
    this.first = firstRecipes(kernel.operation, property.inputs, this.seed, { streams: kernel.streams }).slice(0, firstCases);
  }

  /** Whose turn it is: the one with the least of it. */
  get turn(): number {
    // what was stored, and one case of every claim, before anything else
    if (this.stored.length > 0 || (this.cases === 0 && this.first.length > 0)) return -2e6 + this.cases + (this.property.usesReference ? 0 : 1e6);
    const weight = (this.property.usesReference && this.anyInput ? referenceWeight : 1) / (1 + 15 * Math.min(1, this.failures.size));
    return this.spent / weight;
  }

  get open(): boolean {
    return this.ended === undefined && this.failures.size < mostFailures * 2;
  }
}
