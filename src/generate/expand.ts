/** From a recipe to the tensors that it stands for. Pure: the same recipe and plan give the same bits. */
import { PlumblineError, suggest } from '../errors.ts';
import { lengthOf } from '../operations/dims.ts';
import { elementsOf, elementsPerToken, isShared, type Operation, type Port, type Sizes, type Values } from '../operations/operation.ts';
import { familyChoice, familyKinds, familyNamed, isParameter, kindOf, scaleChoice } from './choices.ts';
import { coefficientFamilies } from './families/coefficients.ts';
import { cotangentFamilies } from './families/cotangents.ts';
import { logitsFamilies } from './families/logits.ts';
import { mappingFamilies } from './families/mappings.ts';
import { parameterFamilies } from './families/parameters.ts';
import { streamFamilies } from './families/streams.ts';
import { hashText, Random } from './random.ts';
import { recipeSizes, type InputPlan, type Recipe } from './recipe.ts';

/** Fills one token of one port. */
type Fill = (out: Float64Array, offset: number, random: Random, token: number) => void;

/**
 * The values of all input ports of `operation`, [tokens, …] flat and row-major, with the tokens that the recipe has left.
 * Throws `bad-file` for an unknown family, kind or port, and for explicit values that do not fill their port.
 */
export function expand(recipe: Recipe, operation: Operation, plan: InputPlan): Values {
  refuseForeign(recipe, operation);
  const values: Record<string, Float64Array> = {};
  for (const port of operation.inputs) {
    const explicit = recipe.values?.[port.name];
    values[port.name] = explicit === undefined ? generate(port, recipe, plan) : select(port, explicit, recipe);
  }
  return values;
}

function generate(port: Port, recipe: Recipe, plan: InputPlan): Float64Array {
  if (isShared(port)) return parameters(port, recipe, plan);
  const { tokens } = recipeSizes(recipe);
  const perToken = elementsPerToken(port, recipe.sizes);
  const out = new Float64Array(tokens * perToken);
  if (out.length === 0) return out;
  const fill = fillOf(port, recipe, plan);
  const word = hashText(port.name);
  for (let place = 0; place < tokens; place++) {
    const token = recipe.tokens === undefined ? place : recipe.tokens[place]!;
    fill(out, place * perToken, new Random(recipe.seed, word, token), token);
  }
  return out;
}

/** What all tokens share depends on the seed alone. */
function parameters(port: Port, recipe: Recipe, plan: InputPlan): Float64Array {
  const { sizes } = recipe;
  const out = new Float64Array(elementsOf(port, sizes));
  const choice = familyChoice(recipe, plan, 'parameters');
  const family = parameterFamilies[choice.names[choice.of(0)]!]!;
  const last = port.dims.at(-1)!;
  const columns = lengthOf(last, sizes);
  const shape = { rows: columns === 0 ? 0 : out.length / columns, columns, streams: last === 'coefficients' ? sizes.streams : undefined };
  if (isParameter(port)) family[port.role as keyof typeof family](out, shape, new Random(recipe.seed, hashText(port.name)));
  return out;
}

function fillOf(port: Port, recipe: Recipe, plan: InputPlan): Fill {
  const { sizes } = recipe;
  const n = sizes.streams;
  const choice = familyChoice(recipe, plan, kindOf(port));
  const [rows, columns] = matrixOf(port, sizes);
  switch (port.role) {
    case 'logits': {
      const families = choice.names.map((name) => logitsFamilies[name]!);
      const scale = scaleChoice(recipe, plan, choice);
      const count = elementsPerToken(port, sizes);
      if (count === n * n) return (out, offset, random, token) => families[choice.of(token)]!(out, offset, n, scale(token), random, token);
      // logits that are no n×n matrix are the beginning of the smallest square that holds them
      const side = Math.ceil(Math.sqrt(count));
      const square = new Float64Array(side * side);
      return (out, offset, random, token) => {
        families[choice.of(token)]!(square, 0, side, scale(token), random, token);
        out.set(square.subarray(0, count), offset);
      };
    }
    case 'residual-mapping': {
      const families = choice.names.map((name) => mappingFamilies[name]!);
      const depth = port.dims.includes('depth') ? sizes.depth : 1;
      return (out, offset, random, token) => families[choice.of(token)]!(out, offset, n, depth, random);
    }
    case 'streams': {
      const families = choice.names.map((name) => streamFamilies[name]!.fill);
      return (out, offset, random, token) => families[choice.of(token)]!(out, offset, rows, columns, random);
    }
    case 'mapping': {
      const given = recipe.families['coefficients'] ?? 'mixed';
      const families = choice.names.map((name) => coefficientsOf(given === 'mixed' ? streamFamilies[name]!.coefficients : [given]));
      const limit = port.name === 'postMapping' ? 2 : 1; // 2σ(·) and σ(·) in the paper
      return (out, offset, random, token) => random.pick(families[choice.of(token)]!)(out, offset, columns, limit, random);
    }
    default: {
      const families = choice.names.map((name) => cotangentFamilies[name]!);
      return (out, offset, random, token) => families[choice.of(token)]!(out, offset, rows, columns, random);
    }
  }
}

function coefficientsOf(names: readonly string[]): (typeof coefficientFamilies)[string][] {
  return names.map((name) => familyNamed(coefficientFamilies, 'coefficients', name));
}

/** One token's values as a matrix: the last dimension, and all the others. */
function matrixOf(port: Port, sizes: Sizes): [rows: number, columns: number] {
  const lengths = port.dims.slice(1).map((dim) => lengthOf(dim, sizes));
  const columns = lengths.pop() ?? 1;
  return [lengths.reduce((product, length) => product * length, 1), columns];
}

function select(port: Port, explicit: readonly number[], recipe: Recipe): Float64Array {
  const perToken = elementsPerToken(port, recipe.sizes);
  const count = elementsOf(port, recipe.sizes);
  if (explicit.length !== count) {
    throw new PlumblineError('bad-file', `The recipe has ${explicit.length} values for '${port.name}', its sizes ask for ${count}.`, 'Give one value per element, or leave the port out.');
  }
  if (recipe.tokens === undefined || isShared(port)) return Float64Array.from(explicit);
  const out = new Float64Array(perToken * recipe.tokens.length);
  recipe.tokens.forEach((token, place) => {
    if (token >= recipe.sizes.tokens) {
      throw new PlumblineError('bad-file', `The recipe keeps token ${token} of ${recipe.sizes.tokens}.`, 'Tokens count from 0.');
    }
    for (let i = 0; i < perToken; i++) out[place * perToken + i] = explicit[token * perToken + i]!;
  });
  return out;
}

function refuseForeign(recipe: Recipe, operation: Operation): void {
  if (recipe.operation !== operation.id) {
    throw new PlumblineError('bad-file', `The recipe is for '${recipe.operation}', not for '${operation.id}'.`);
  }
  const ports = operation.inputs.map((port) => port.name);
  const foreignPort = Object.keys(recipe.values ?? {}).find((name) => !ports.includes(name));
  if (foreignPort !== undefined) {
    throw new PlumblineError('bad-file', `${operation.id} has no input '${foreignPort}'.`, suggest(foreignPort, ports));
  }
  const kinds = [...familyKinds, 'coefficients'];
  const foreignKind = Object.keys(recipe.families).find((kind) => !kinds.includes(kind));
  if (foreignKind !== undefined) {
    throw new PlumblineError('bad-file', `There is no kind of families '${foreignKind}'.`, suggest(foreignKind, kinds));
  }
}
