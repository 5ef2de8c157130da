/** The sizes of a recorded call, from the shapes of its tensors. Dimensions before a token's own are all tokens: [batch, sequence, n, n] is a batch of matrices. */
import { PlumblineError } from '../../errors.ts';
import { lengthOf, type Dim } from '../../operations/dims.ts';
import { isShared, type Operation, type Port, type SizeName, type Sizes } from '../../operations/operation.ts';

const sizeNames: readonly Dim[] = ['tokens', 'streams', 'channels', 'depth'];

/** Throws `bad-file` naming the port, its shape, and what it contradicts. */
export function sizesOf(operation: Operation, shapes: Readonly<Record<string, readonly number[]>>, owner: string): Sizes {
  const found: Partial<Record<SizeName, { readonly size: number; readonly port: string }>> = {};
  const ports = [...operation.inputs, ...operation.outputs];
  for (const port of ports) {
    const lengths = perDim(port, shapes[port.name]!, owner);
    for (const [k, dim] of port.dims.entries()) {
      if (!sizeNames.includes(dim)) continue;
      const name = dim as SizeName;
      const known = found[name];
      if (known !== undefined && known.size !== lengths[k]) {
        throw new PlumblineError('bad-file', `${owner}: '${port.name}' [${shapes[port.name]!.join(', ')}] has ${lengths[k]} ${name}, '${known.port}' [${shapes[known.port]!.join(', ')}] has ${known.size}.`, dimsOf(port));
      }
      found[name] ??= { size: lengths[k]!, port: port.name };
    }
  }
  const missing = operation.dims.find((dim) => found[dim] === undefined);
  if (missing !== undefined) throw new PlumblineError('bad-file', `${owner}: no shape says how many ${missing} there are.`);
  const sizes = { tokens: 1, streams: 1, channels: 1, depth: 1, ...Object.fromEntries(Object.entries(found).map(([name, { size }]) => [name, size])) };
  const empty = (['channels', 'depth'] as const).find((name) => sizes[name] === 0);
  if (empty !== undefined) throw new PlumblineError('bad-file', `${owner}: there are no ${empty}.`);
  if (!(sizes.streams >= 1 && sizes.streams <= 16)) throw new PlumblineError('bad-file', `${owner}: n = ${sizes.streams}; plumbline judges 1 to 16 streams.`);
  for (const port of ports) {
    const lengths = perDim(port, shapes[port.name]!, owner);
    const wrong = port.dims.findIndex((dim, k) => lengthOf(dim, sizes) !== lengths[k]);
    if (wrong >= 0) throw new PlumblineError('bad-file', `${owner}: '${port.name}' [${shapes[port.name]!.join(', ')}] must have ${lengthOf(port.dims[wrong]!, sizes)} ${port.dims[wrong]} there.`, dimsOf(port));
  }
  return sizes;
}

/** A length for each dimension of the port. */
function perDim(port: Port, shape: readonly number[], owner: string): number[] {
  const extra = shape.length - port.dims.length;
  if (extra < 0 || (extra > 0 && isShared(port))) throw new PlumblineError('bad-file', `${owner}: '${port.name}' has the shape [${shape.join(', ')}].`, dimsOf(port));
  if (isShared(port)) return [...shape];
  return [shape.slice(0, extra + 1).reduce((product, size) => product * size, 1), ...shape.slice(extra + 1)];
}

function dimsOf(port: Port): string {
  return `Its dimensions are [${port.dims.join(', ')}]${isShared(port) ? '' : '; more before the others count as tokens'}.`;
}
