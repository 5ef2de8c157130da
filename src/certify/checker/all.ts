/** Every method beside those of check.ts itself. */
import type { Method } from './check.ts';
import { depthMethods } from './depth.ts';
import { networkMethods } from './network.ts';

export const moreMethods: ReadonlyMap<string, Method> = new Map([...networkMethods, ...depthMethods]);
