/** All claims about whole sublayers, chains of them, and both ends of the streams. */
import type { Property } from '../../src/verify/property.ts';
import { expandCopies, expandGradientSum, headGates, headHull } from './ends.ts';
import { energyLedger } from './energy.ts';
import { firstRead, pureMixing, pureMixingGradient, stackPureMixing } from './pure-mixing.ts';
import * as relations from './relations.ts';
import { saturatedGates } from './saturated-gates.ts';
import { collapseOfLast, lastPre, lastPreGradient } from './single-pass.ts';
import { stackSplitting } from './splitting.ts';
import { staticGradientSum, staticProduct, staticProjections, staticScaling } from './static-stack.ts';

export const layersProperties: readonly Property[] = [
  ...Object.values(relations),
  expandCopies,
  expandGradientSum,
  headGates,
  headHull,
  energyLedger,
  firstRead,
  pureMixing,
  pureMixingGradient,
  stackPureMixing,
  saturatedGates,
  collapseOfLast,
  lastPre,
  lastPreGradient,
  stackSplitting,
  staticGradientSum,
  staticProduct,
  staticProjections,
  staticScaling,
];
