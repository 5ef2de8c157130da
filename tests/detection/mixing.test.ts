import { detectKind } from './run.ts';

detectKind('mixing');
