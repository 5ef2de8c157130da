/** The bits of a call's inputs as they were before it, in memory that the next call uses again. */
import { firstBitDifference, type Tensor } from '../tensor/tensor.ts';
import type { TensorData } from '../tensor/dtype.ts';

/** Of a larger input nothing is held between calls. */
const mostHeld = 2 ** 16;

export class InputCopies {
  private readonly held = new Map<string, TensorData>();
  private readonly copies = new Map<string, TensorData>();

  /** Copies all inputs. */
  keep(inputs: Readonly<Record<string, Tensor>>): void {
    this.copies.clear();
    for (const name of Object.keys(inputs)) this.copies.set(name, this.copyOf(name, inputs[name]!.data));
  }

  /** The first input that has other bits now, and the first element that has. */
  changed(inputs: Readonly<Record<string, Tensor>>): { readonly name: string; readonly place: number } | undefined {
    for (const [name, copy] of this.copies) {
      const place = firstBitDifference(inputs[name]!.data, copy);
      if (place >= 0) return { name, place };
    }
    this.copies.clear();
    return undefined;
  }

  private copyOf(name: string, data: TensorData): TensorData {
    if (data.length > mostHeld) return data.slice();
    let held = this.held.get(name);
    if (held === undefined || held.constructor !== data.constructor || held.length < data.length) this.held.set(name, (held = data.slice()));
    const copy = held.subarray(0, data.length);
    copy.set(data);
    return copy;
  }
}
