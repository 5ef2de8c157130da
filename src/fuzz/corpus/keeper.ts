/** A campaign's hold on its corpus: reads what others left, writes what is worth keeping, and goes on when either fails. */
import { operations } from '../../operations/index.ts';
import { shapeOf, type OperationId } from '../../operations/operation.ts';
import { tensor, valuesOf } from '../../tensor/tensor.ts';
import { readCounterexample, type CounterexampleData } from '../../verify/counterexample-file.ts';
import { version } from '../../verify/version.ts';
import type { Find } from '../learn.ts';
import type { Specimen } from '../specimen.ts';
import { Corpus } from './corpus.ts';

/** Entries that a campaign reads when it starts; of more, as many drawn evenly. */
const mostRead = 4000;
/** Time between writes of the same kind of find, in milliseconds: a climb improves hundreds of times a second. */
const pauseMs = 2000;

export class CorpusKeeper {
  private readonly corpus: Corpus;
  private readonly warn: (message: string) => void;
  private readonly read: CounterexampleData[] = [];
  private readonly waiting = new Map<string, CounterexampleData>();
  private wroteAt = 0;
  private broken = false;

  constructor(folder: string, warn: (message: string) => void) {
    this.corpus = new Corpus(folder);
    this.warn = warn;
    this.corpus.tidy();
    this.load();
  }

  /** Stored counterexamples. */
  counterexamples(): CounterexampleData[] {
    return this.read.filter(({ outcome }) => outcome !== 'ok');
  }

  /** Stored problems, to breed from. */
  specimens(): Specimen[] {
    return this.read.flatMap(specimensOf);
  }

  /** Keeps a find. Those of one kind are written now and then, the last of them at the end. */
  keep(find: Find, seed: number): void {
    const data = entryOf(find, seed);
    this.waiting.set(`${data.property} ${data.target}`, data);
    if (performance.now() - this.wroteAt > pauseMs) this.flush();
  }

  /** Keeps a counterexample that was written elsewhere. */
  keepCounterexample(path: string): void {
    this.attempt(() => this.corpus.add(readCounterexample(path)));
  }

  /** Writes what waits. */
  flush(): void {
    for (const data of this.waiting.values()) this.attempt(() => this.corpus.add(data));
    this.waiting.clear();
    this.wroteAt = performance.now();
  }

  private load(): void {
    this.attempt(() => {
      const names = this.corpus.names();
      const step = Math.max(1, names.length / mostRead);
      let problems = 0;
      for (let k = 0; k < names.length; k += step) {
        const entry = this.corpus.read(names[Math.floor(k)]!);
        if ('data' in entry) this.read.push(entry.data);
        else if (++problems <= 3) this.warn(`skipped ${entry.name} of the corpus: ${entry.problem}`);
      }
      if (problems > 3) this.warn(`skipped ${problems - 3} more files of the corpus; plumbline corpus list names them`);
    });
  }

  /** A corpus that cannot be written costs the corpus, not the campaign. */
  private attempt(act: () => unknown): void {
    if (this.broken) return;
    try {
      act();
    } catch (error) {
      this.broken = true;
      this.warn(`the corpus is not kept: ${error instanceof Error ? error.message.split('\n')[0]! : String(error)}`);
    }
  }
}

/** A find as an entry: outcome ok, and why it was kept. */
function entryOf({ specimen, what, property, target, score }: Find, seed: number): CounterexampleData {
  const operation = operations[specimen.operation];
  const recipe = { operation: specimen.operation, sizes: specimen.sizes, seed: specimen.recipe?.seed ?? 0, families: specimen.recipe?.families ?? {}, scale: specimen.recipe?.scale ?? 1 };
  return {
    property, operation: specimen.operation, target, seed, dialect: {}, arithmetic: '', outcome: 'ok', message: what.replace(/ [\d.e+-]+$/, ''), plumbline: version, recipe,
    measured: score, inputs: Object.fromEntries(operation.inputs.map((port) => [port.name, tensor(specimen.values[port.name]!, shapeOf(port, specimen.sizes), 'f64')])), outputs: {},
  };
}

/** The problems of an entry whose tensors fit its operation; an entry of another time may not. */
export function specimensOf({ operation: id, recipe, inputs }: CounterexampleData): Specimen[] {
  if (!Object.hasOwn(operations, id)) return [];
  const operation = operations[id as OperationId];
  const sizes = { ...recipe.sizes, tokens: 1 };
  const fits = operation.inputs.every((port) => inputs[port.name]?.data.length === shapeOf(port, sizes).reduce((product, size) => product * size, 1));
  if (!fits || recipe.sizes.tokens !== 1) return [];
  return [{ operation: operation.id, sizes, values: Object.fromEntries(operation.inputs.map((port) => [port.name, valuesOf(inputs[port.name]!)])) }];
}
