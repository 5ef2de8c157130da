/**
 * Which family and scale a token gets. 'mixed' deals like a card player: of every F tokens in a row each of the F families gets
 * one, in an order of its own, and the scales rotate, so that F·S tokens meet every family at every scale. All of it depends
 * only on the recipe's seed and the token's index in the original batch. What all tokens share gets the family of token 0.
 */
import { PlumblineError, suggest } from '../errors.ts';
import type { Operation, Port } from '../operations/operation.ts';
import { finiteCotangentFamilies, cotangentFamilies } from './families/cotangents.ts';
import { finiteLogitsFamilies, logitScales, logitsFamilies } from './families/logits.ts';
import { finiteMappingFamilies, mappingFamilies } from './families/mappings.ts';
import { finiteParameterFamilies, parameterFamilies } from './families/parameters.ts';
import { finiteStreamFamilies, streamFamilies } from './families/streams.ts';
import { hashText, Random } from './random.ts';
import type { InputPlan, Recipe } from './recipe.ts';

export const familyKinds = ['logits', 'mappings', 'streams', 'cotangents', 'parameters'] as const;
/** The kinds of families; keys of `Recipe.families` and of `InputPlan`. */
export type FamilyKind = (typeof familyKinds)[number];

const known: Readonly<Record<FamilyKind, Readonly<Record<string, unknown>>>> = {
  logits: logitsFamilies,
  mappings: mappingFamilies,
  streams: streamFamilies,
  cotangents: cotangentFamilies,
  parameters: parameterFamilies,
};
const defaults: Readonly<Record<FamilyKind, readonly string[]>> = {
  logits: finiteLogitsFamilies,
  mappings: finiteMappingFamilies,
  streams: finiteStreamFamilies,
  cotangents: finiteCotangentFamilies,
  parameters: finiteParameterFamilies,
};

/** The kind of families that fill a port. */
export function kindOf(port: Port): FamilyKind {
  if (port.role === 'logits') return 'logits';
  if (port.role === 'residual-mapping') return 'mappings';
  if (isParameter(port)) return 'parameters';
  return port.role === 'cotangent' || port.role === 'gradient' ? 'cotangents' : 'streams';
}

/** Whether a port holds parameters, of which all tokens have the same. */
export function isParameter({ role }: Port): boolean {
  return role === 'projection' || role === 'scale' || role === 'bias' || role === 'weight';
}

/** The kinds that an operation's inputs need. */
export function kindsOf(operation: Operation): FamilyKind[] {
  return familyKinds.filter((kind) => operation.inputs.some((port) => kindOf(port) === kind));
}

/** The families that a plan allows. */
export function planFamilies(plan: InputPlan, kind: FamilyKind): readonly string[] {
  return plan[kind] ?? defaults[kind];
}

/** The scales that a plan allows. */
export function planScales(plan: InputPlan): readonly number[] {
  return plan.scales ?? logitScales;
}

/** The member of a record of families. Throws `bad-file` when there is none of that name. */
export function familyNamed<F>(families: Readonly<Record<string, F>>, kind: string, name: string): F {
  if (!Object.hasOwn(families, name)) {
    throw new PlumblineError('bad-file', `There is no family '${name}' of ${kind}.`, suggest(name, [...Object.keys(families), 'mixed']));
  }
  return families[name]!;
}

/** One kind's families in a recipe, and which of them each token gets. */
export interface Choice {
  readonly names: readonly string[];
  /** Index into `names`. */
  of(token: number): number;
  /** How often the families had been dealt out completely before this token. */
  round(token: number): number;
}

/** Throws `bad-file` for a family that does not exist. */
export function familyChoice(recipe: Recipe, plan: InputPlan, kind: FamilyKind): Choice {
  const wanted = recipe.families[kind] ?? 'mixed';
  const names = wanted === 'mixed' ? planFamilies(plan, kind) : [wanted];
  for (const name of names) familyNamed(known[kind], kind, name);
  const count = names.length;
  const round = (token: number): number => Math.floor(token / count);
  if (count === 1) return { names, of: () => 0, round };
  const word = hashText(`deal ${kind}`);
  let dealtRound = -1;
  let dealt: readonly number[] = [];
  return {
    names,
    round,
    of(token) {
      if (round(token) !== dealtRound) {
        dealtRound = round(token);
        dealt = new Random(recipe.seed, word, dealtRound).permutation(count);
      }
      return dealt[token % count]!;
    },
  };
}

/** The scale of each token's logits. */
export function scaleChoice(recipe: Recipe, plan: InputPlan, logits: Choice): (token: number) => number {
  const { scale } = recipe;
  if (scale !== 'mixed') return () => scale;
  const scales = planScales(plan);
  const first = new Random(recipe.seed, hashText('deal scales')).below(scales.length);
  return (token) => scales[(first + logits.of(token) + logits.round(token)) % scales.length]!;
}

/** The families and the scale that a token of the recipe got, for a recipe that says so outright. The token's values stay the same. */
export function resolveMixed(recipe: Recipe, operation: Operation, plan: InputPlan, token: number): Pick<Recipe, 'families' | 'scale'> {
  const families: Record<string, string> = { ...recipe.families };
  for (const kind of kindsOf(operation)) {
    const choice = familyChoice(recipe, plan, kind);
    families[kind] = choice.names[choice.of(kind === 'parameters' ? 0 : token)]!;
  }
  const scale = kindsOf(operation).includes('logits') ? scaleChoice(recipe, plan, familyChoice(recipe, plan, 'logits'))(token) : recipe.scale;
  return { families, scale };
}
