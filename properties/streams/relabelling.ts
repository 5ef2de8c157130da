/** Claims: the stream operations and their gradients do not depend on the names of the streams (M12, G7). See `../relabelling.ts`. */
import { relabelling } from '../relabelling.ts';

export const readRelabelling = relabelling('streams/read-relabelling', 'stream-read', ['lower-precision']);
export const writeRelabelling = relabelling('streams/write-relabelling', 'stream-write', ['lower-precision']);
export const readVjpRelabelling = relabelling('streams/read-vjp-relabelling', 'stream-read-vjp', []);
export const writeVjpRelabelling = relabelling('streams/write-vjp-relabelling', 'stream-write-vjp', ['lower-precision']);
