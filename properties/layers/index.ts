/** All claims about whole sublayers, chains of them, and both ends of the streams. */
import type { Property } from '../../src/verify/property.ts';
import { headPicked } from './head-picked.ts';
import { scaleInvariance } from './scale-invariance.ts';
import { expandCopies, expandGradientSum, headGates, headHull } from './ends.ts';
import { energyLedger } from './energy.ts';
import { layerDerivative, headDerivative, singlePassDerivative, stackDerivative } from './derivative.ts';
import { firstRead, pureMixing, pureMixingGradient, stackPureMixing } from './pure-mixing.ts';
import * as relations from './relations.ts';
import { saturatedGates, singlePassSaturatedGates, stackSaturatedGates } from './saturated-gates.ts';
import { collapseOfLast, lastPre, lastPreGradient } from './single-pass.ts';
import { stackSplitting } from './splitting.ts';
import { layerStaticProduct, staticGradientSum, staticProduct, staticProjections, staticScaling } from './static-stack.ts';

export const layersProperties: readonly Property[] = [
  ...Object.values(relations),
  expandCopies,
  expandGradientSum,
  headGates,
  headHull,
  energyLedger,
  layerDerivative,
  stackDerivative,
  singlePassDerivative,
  headDerivative,
  headPicked,
  scaleInvariance,
  firstRead,
  pureMixing,
  pureMixingGradient,
  stackPureMixing,
  saturatedGates,
  stackSaturatedGates,
  singlePassSaturatedGates,
  collapseOfLast,
  lastPre,
  lastPreGradient,
  stackSplitting,
  staticGradientSum,
  staticProduct,
  layerStaticProduct,
  staticProjections,
  staticScaling,
];
