import { detectKind } from './run.ts';

detectKind('forward');
