/**
 * What is special about a problem, read off its inputs and outputs: exponents, ranges and ties of lines, the pattern of largest entries, zeros and subnormal numbers, the lane of a tile,
 * the support class of a mapping, how far its sums are from 1 (which tells lines that epsilon dominates, and lines that a threshold or clamp leaves alone); and the structure of each input and of
 * two of them together (structure.ts). Events alone would forget how they go together, so every two facts of a problem are an event as well. A fact has few values at every n: one that is
 * new for most problems, as the pattern of largest entries is from n = 5, would make the pool a sample of all problems. About two microseconds for a 4×4 matrix.
 */
import { supportClassOf4 } from '../generate/support-classes.ts';
import { elementsPerToken, isShared, type Operation, type Port, type Sizes, type Values } from '../operations/operation.ts';
import { lengthOf } from '../operations/dims.ts';
import { eventOf } from './coverage.ts';
import { bucket, coarseRange, deviation, endSorts, few, lineClass, setBits, withLine } from './grades.ts';
import { relationOf, structureOf } from './structure.ts';
import { Told } from './told.ts';

/** Rows and columns of a port that are looked at; what is larger is judged all the same. */
const [mostRows, mostColumns] = [16, 32];
const mostFacts = 64;
/** Entries before one in its row that it is compared with. */
const mostNeighbours = 7;
/** Facts about two inputs come after those about one. */
const relationBase = 256;

/** Kinds of events; the number is part of the event. */
const kind = { exponent: 1, entry: 2, rowRange: 3, columnRange: 4, pattern: 5, fact: 6, pair: 7, lane: 8, outExponent: 9, support: 10, rowSum: 11, columnSum: 12 } as const;

const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

/** A port of which each token has its own numbers: how many, in how many columns. */
interface Layout {
  readonly port: Port;
  readonly per: number;
  readonly columns: number;
  readonly place: number;
}

export class Features {
  /** Events of the last token that was looked at; the first `count` of them. */
  events = new Int32Array(4096);
  count = 0;
  /** Of these the events of facts alone, without their pairs; the first `factCount`. */
  readonly singles = new Int32Array(mostFacts);
  factCount = 0;
  private readonly operation: Operation;
  private readonly facts = new Int32Array(mostFacts);
  /** The numbers of the facts where events are told once. */
  private readonly ids = new Int16Array(mostFacts);
  private readonly once: boolean;
  /** By stream count, and that of the problem that is looked at. */
  private readonly toldOf: Told[] = [];
  private told: Told | undefined;
  private n = 0;
  /** How the ports of the batch that is looked at lie: inputs, and outputs. */
  private sizes: Sizes | undefined;
  private looked: readonly Layout[] = [];
  private given: readonly Layout[] = [];
  /** Of the line that was looked at last. */
  private max = 0;
  private min = 0;
  private argmax = 0;
  private ties = 0;
  private sum = 0;

  /** With `once` an event that was told of an earlier problem is left out, which costs a fraction: for one who takes in all of them. */
  constructor(operation: Operation, once = false) {
    this.operation = operation;
    this.once = once;
  }

  /** Looks at one token. `outputs` may be absent, when the kernel was called on something else. */
  look(inputs: Values, outputs: Values | undefined, sizes: Sizes, token: number): void {
    this.count = 0;
    this.factCount = 0;
    this.n = sizes.streams;
    this.told = this.once ? (this.toldOf[this.n] ??= new Told()) : undefined;
    if (this.sizes !== sizes) this.arrange(sizes);
    const { looked, given } = this;
    for (const layout of looked) this.input(layout, inputs[layout.port.name]!, token);
    if (looked.length > 1) this.relations(inputs, token);
    const special = this.factCount;
    if (outputs !== undefined) {
      let place = looked.length;
      for (const layout of given) {
        const values = outputs[layout.port.name];
        if (values !== undefined) this.output(layout, values, token, place++);
      }
    }
    this.lane(sizes, token, special);
    this.pairs();
  }

  /** Works out once for a batch how its ports lie. */
  private arrange(sizes: Sizes): void {
    const layout = (port: Port, place: number): Layout => ({ port, per: elementsPerToken(port, sizes), columns: lengthOf(port.dims.at(-1)!, sizes), place });
    this.sizes = sizes;
    this.looked = this.operation.inputs.filter((port) => !isShared(port)).map(layout);
    this.given = this.operation.outputs.filter((port) => !isShared(port)).map(layout);
  }

  private add(event: number): void {
    if (this.count === this.events.length) {
      const more = new Int32Array(2 * this.count);
      more.set(this.events);
      this.events = more;
    }
    this.events[this.count++] = event;
  }

  /** A small number that says something about the whole problem; `coarse` stands for it in pairs, of which there are so many that fine ones would all be new. */
  private fact(what: number, value: number, coarse = value): void {
    const { told } = this;
    let event = told === undefined ? 0 : told.eventOf(what, value);
    if (event === 0) {
      event = eventOf(kind.fact, what, value, this.n);
      this.add(event);
      told?.tell(what, value, event);
    }
    if (this.factCount >= mostFacts) return;
    if (told !== undefined) this.ids[this.factCount] = told.idOf(what, coarse);
    this.singles[this.factCount] = event;
    this.facts[this.factCount++] = what * 4096 + (coarse & 4095);
  }

  private pairs(): void {
    const { facts, ids, factCount, n, told } = this;
    for (let a = 1; a < factCount; a++) {
      const id = ids[a]!;
      for (let b = 0; b < a; b++) if (told === undefined || !told.pair(id, ids[b]!)) this.add(eventOf(kind.pair, facts[a]!, facts[b], n));
    }
  }

  /** Where in a tile of 32 a problem stands, for the last tile that is not full, with what is special about it. */
  private lane({ tokens }: Sizes, token: number, special: number): void {
    if (tokens % 32 === 0 || token < tokens - (tokens % 32)) return;
    const { told, ids } = this;
    this.add(eventOf(kind.lane, token % 32, this.n, tokens > 32 ? 1 : 0));
    for (let k = 0; k < special; k++) if (told === undefined || !told.lane(token % 32, ids[k]!)) this.add(eventOf(kind.lane, token % 32, this.n, this.facts[k]));
  }

  private input({ per, columns, place }: Layout, values: Float64Array, token: number): void {
    if (per === 0) return;
    const { told } = this;
    const at = token * per;
    const rows = Math.min(mostRows, per / columns);
    const seen = Math.min(mostColumns, columns);
    let [zeros, negative, tiny, coarse, integer] = [0, 0, 0, 1, 1];
    let [tied, equal, widest, pattern, zeroSum] = [0, 0, 0, 0, 0];
    let [rowSorts, columnSorts, largestIn, onDiagonal] = [0, 0, 0, 0];
    for (let row = 0; row < rows; row++) {
      this.line(values, at + row * columns, seen, 1);
      pattern = (Math.imul(pattern, 33) + this.argmax) | 0;
      largestIn |= 1 << this.argmax;
      if (this.argmax === row) onDiagonal++;
      rowSorts = withLine(rowSorts, lineClass(this.max - this.min));
      if (this.ties > 1) tied++;
      if (this.sum === 0 && this.max > 0) zeroSum = 1;
      const range = bucket(this.max - this.min);
      if (range > widest) widest = range;
      if (told === undefined || !told.value(kind.rowRange * 64 + place, range)) this.add(eventOf(kind.rowRange, range, place, this.n));
      for (let k = 0; k < seen; k++) {
        const value = values[at + row * columns + k]!;
        for (let other = Math.max(0, k - mostNeighbours); other < k; other++) if (values[at + row * columns + other] === value) equal++;
        if (value === 0) {
          if (Object.is(value, 0)) zeros++;
          else negative++;
        } else {
          float[0] = value;
          const word = bits[0]!;
          const exponent = (word >>> 23) & 255;
          if (exponent === 0) tiny++;
          if ((word & 0xffff) !== 0) coarse = 0;
          if (!Number.isInteger(value)) integer = 0;
          if (told === undefined || !told.exponent(place, word >>> 23)) this.add(eventOf(kind.exponent, exponent, word >>> 31, this.n * 8 + place));
          if (this.n <= 4 && (told === undefined || !told.entry(place, row * seen + k, exponent >>> 2))) this.add(eventOf(kind.entry, exponent >>> 2, Math.min(row * seen + k, 255), this.n * 8 + place));
        }
      }
    }
    let columnTies = 0;
    let narrowest = 4095;
    for (let k = 0; k < (rows > 1 ? seen : 0); k++) {
      this.line(values, at + k, rows, columns);
      if (this.ties > 1) columnTies++;
      columnSorts = withLine(columnSorts, lineClass(this.max - this.min));
      const range = bucket(this.max - this.min);
      if (range < narrowest) narrowest = range;
      if (told === undefined || !told.value(kind.columnRange * 64 + place, range)) this.add(eventOf(kind.columnRange, range, place, this.n));
    }
    if (rows <= 4) this.add(eventOf(kind.pattern, pattern, place, this.n));
    const { nonZero, signs, unequal, offDiagonal } = structureOf(values, at, rows, seen, columns);
    const base = place * 16;
    this.fact(base, Math.min(zeros, 3) * 4 + Math.min(negative, 3));
    this.fact(base + 1, Math.min(tiny, 3));
    this.fact(base + 2, coarse * 2 + integer);
    this.fact(base + 3, tied);
    this.fact(base + 4, columnTies);
    this.fact(base + 5, widest >>> 2, coarseRange(widest));
    this.fact(base + 6, narrowest >>> 2, coarseRange(narrowest));
    this.fact(base + 7, setBits(largestIn) * 4 + Math.min(onDiagonal, 3));
    this.fact(base + 8, zeroSum);
    this.fact(base + 9, Math.min(equal, 15));
    this.fact(base + 10, nonZero * 4 + signs);
    if (rows === 1) return;
    this.fact(base + 11, rowSorts, endSorts(rowSorts));
    this.fact(base + 12, columnSorts, endSorts(columnSorts));
    this.fact(base + 13, unequal * 8 + offDiagonal);
  }

  /** What two inputs of one shape have to do with each other. */
  private relations(inputs: Values, token: number): void {
    const { looked } = this;
    for (let b = 1; b < looked.length; b++) {
      for (let a = 0; a < b; a++) {
        const { per, port } = looked[b]!;
        if (per < 2 || per > mostRows * mostColumns || per !== looked[a]!.per) continue;
        this.fact(relationBase + 8 * b + a, relationOf(inputs[looked[a]!.port.name]!, token * per, inputs[port.name]!, token * per, per));
      }
    }
  }

  private output({ port, per, columns }: Layout, values: Float64Array, token: number, place: number): void {
    if (per === 0) return;
    const at = token * per;
    const { n } = this;
    let [zeros, tiny, odd, low, high, support, large] = [0, 0, 0, 255, 0, 0, 0];
    const seen = Math.min(per, mostRows * mostColumns);
    for (let k = 0; k < seen; k++) {
      const value = values[at + k]!;
      if (!Number.isFinite(value)) odd++;
      else if (value === 0) zeros++;
      else {
        float[0] = value;
        const exponent = (bits[0]! >>> 23) & 255;
        if (exponent === 0) tiny++;
        if (exponent < low) low = exponent;
        if (exponent > high) high = exponent;
        if (Math.abs(value) > 2 ** -10) {
          large++;
          if (k < 16) support |= 1 << k;
        }
      }
    }
    this.add(eventOf(kind.outExponent, low, high, this.n * 8 + place));
    const base = place * 16;
    this.fact(base, Math.min(zeros, 15));
    this.fact(base + 1, Math.min(tiny, 3) * 2 + (odd > 0 ? 1 : 0));
    this.fact(base + 2, (low >>> 3) * 32 + (high >>> 3), (low >>> 5) * 8 + (high >>> 5));
    if (port.role !== 'residual-mapping' || per !== n * n) return;
    this.fact(base + 3, n === 4 ? supportClassOf4(support) : few(large));
    for (let line = 0; line < n; line++) {
      this.line(values, at + line * n, n, 1);
      this.lineSum(kind.rowSum, deviation(this.sum));
      this.line(values, at + line, n, columns);
      this.lineSum(kind.columnSum, deviation(this.sum));
    }
  }

  private lineSum(which: number, off: number): void {
    if (this.told?.value(which * 64, off + 1024) !== true) this.add(eventOf(which, off, this.n));
  }

  private line(values: Float64Array, from: number, length: number, stride: number): void {
    let max = values[from]!;
    let min = max;
    let sum = max;
    let argmax = 0;
    let ties = 1;
    for (let k = 1, at = from + stride; k < length; k++, at += stride) {
      const value = values[at]!;
      sum += value;
      if (value > max) {
        max = value;
        argmax = k;
        ties = 1;
      } else if (value === max) ties++;
      if (value < min) min = value;
    }
    this.max = max;
    this.min = min;
    this.argmax = argmax;
    this.ties = ties;
    this.sum = sum;
  }
}
