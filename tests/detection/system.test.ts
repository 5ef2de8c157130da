import { detectKind } from './run.ts';

detectKind('system');
