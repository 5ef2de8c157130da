/** How the ports of which each token has its own numbers lie in a batch. */
import { lengthOf } from '../operations/dims.ts';
import { elementsPerToken, isShared, type Port, type Sizes } from '../operations/operation.ts';

/** Rows and columns of a port that are looked at; what is larger is judged all the same. */
export const [mostRows, mostColumns] = [16, 32];

export interface Layout {
  readonly port: Port;
  /** Numbers of a token, in how many columns. */
  readonly per: number;
  readonly columns: number;
  /** Of those, rows and columns that are looked at. */
  readonly rows: number;
  readonly seen: number;
  /** Which of the operation's ports it is. */
  readonly place: number;
}

export function layoutsOf(ports: readonly Port[], sizes: Sizes, first: number): Layout[] {
  return ports.filter((port) => !isShared(port)).map((port, index) => {
    const [per, columns] = [elementsPerToken(port, sizes), lengthOf(port.dims.at(-1)!, sizes)];
    return { port, per, columns, rows: columns === 0 ? 0 : Math.min(mostRows, per / columns), seen: Math.min(mostColumns, columns), place: first + index };
  });
}
