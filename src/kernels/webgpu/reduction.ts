/**
 * Sums over the channels of a token, or of a few tokens, by one workgroup: each thread adds what it meets, then a tree over the threads. The order depends on the number of channels alone, so a token has
 * the same bits whatever surrounds it.
 */

/** Threads of a workgroup for so many lanes of a token. */
export function threadsFor(lanes: number): number {
  return lanes <= 32 ? 32 : lanes <= 64 ? 64 : 128;
}

/** Sums that are reduced together: 16 KiB of workgroup memory. */
const together = 32;

/**
 * WGSL: `reduced` of the threads' private `acc`, which `write(k, value)` takes one by one. Defines the function `reduce(lane, count)` for the first `count` of them, at most `largest`; all threads must call it, with one count.
 */
export function treeReduction(threads: number, largest: number, write: (k: string, value: string) => string): string {
  const most = Math.min(largest, together);
  return /* wgsl */ `
var<private> acc: array<f32, ${largest}>;
var<workgroup> tree: array<f32, ${most * threads}>;
fn reduce(lane: u32, count: u32) {
  for (var first = 0u; first < count; first += ${most}u) {
    let many = min(${most}u, count - first);
    for (var k = 0u; k < many; k++) { tree[k * ${threads}u + lane] = acc[first + k]; }
    workgroupBarrier();
    for (var half = ${threads / 2}u; half > 0u; half >>= 1u) {
      for (var k = lane; k < many * half; k += ${threads}u) {
        let at = (k / half) * ${threads}u + k % half;
        tree[at] += tree[at + half];
      }
      workgroupBarrier();
    }
    for (var k = lane; k < many; k += ${threads}u) { ${write('(first + k)', `tree[k * ${threads}u]`)} }
    workgroupBarrier();
  }
}`;
}
