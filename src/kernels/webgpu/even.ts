/** When an early stop of Sinkhorn ends the loop. */
import { literal } from './wgsl.ts';

/** WGSL `even`: whether all sums of an iterate are off 1 by less than the dialect's early stop asks for; of its entries `mine` is that in place k of line l, `across` the one in place l of line k. */
export function evenPieces(stopBelow: number, n: string, mine: string, across: string, parameter = 't: u32'): string {
  return /* wgsl */ `
fn even(${parameter}) -> bool {
  let n = ${n};
  for (var l = 0u; l < n; l++) {
    var sum = 0.0;
    var sum_across = 0.0;
    for (var k = 0u; k < n; k++) {
      sum += ${mine};
      sum_across += ${across};
    }
    if (!(abs(sum - 1.0) < ${literal(stopBelow)} && abs(sum_across - 1.0) < ${literal(stopBelow)})) { return false; }
  }
  return true;
}`;
}
