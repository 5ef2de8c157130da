import { detectKind } from './run.ts';

detectKind('backward');
