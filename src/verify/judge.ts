import type { Term } from '../operations/operation.ts';

/** The worst comparison of a check. */
export interface Worst {
  readonly token: number;
  /** Output port and flat index of the element in it; index −1 for a statement about the whole token. */
  readonly output: string;
  readonly index: number;
  readonly measured: number;
  readonly bound: number;
  readonly margin: number;
  /** What was compared, for people: "column 2 sum − 1". */
  readonly what: string;
}

/** What a check returns. */
export interface Judgement {
  /** Largest margin of each token; a token without a claim has −1. */
  readonly margins: Float64Array;
  readonly worst: Worst | undefined;
  /** Number of single comparisons made. */
  readonly comparisons: number;
  /** Terms of the worst element's bound, where known. */
  readonly terms: readonly Term[];
  /** Output and expectation to show around the worst element, by output name. */
  readonly shown: { readonly output: string; readonly measured: Float64Array; readonly expected: Float64Array } | undefined;
}

/** Collects comparisons. Margins above 1 are violations; NaN is a violation whatever the bound. */
export class Judge {
  private readonly margins: Float64Array;
  private worst: Omit<Worst, 'what'> | undefined;
  private label: ((index: number) => string) | undefined;
  private comparisons = 0;
  private terms: ((index: number) => readonly Term[]) | undefined;
  private shown: Judgement['shown'];

  constructor(tokens: number) {
    this.margins = new Float64Array(tokens).fill(-1);
  }

  /**
   * Requires |error| ≤ bound. `what` and `terms` are called, with the index, only if this stays the worst comparison: one function will do for all elements.
   * A zero error satisfies every bound; NaN satisfies none.
   */
  atMost(token: number, error: number, bound: number, output: string, index: number, what: (index: number) => string, terms?: (index: number) => readonly Term[]): void {
    this.comparisons++;
    const margin = marginOf(Math.abs(error), bound);
    if (!(margin <= this.margins[token]!)) this.margins[token] = margin;
    if (this.worst !== undefined && !(margin > this.worst.margin)) return;
    this.worst = { token, output, index, measured: error, bound, margin };
    this.label = what;
    this.terms = terms;
  }

  /** Requires the same bits (−0 differs from 0; any NaN equals any NaN). */
  same(token: number, measured: number, expected: number, output: string, index: number, what: (index: number) => string): void {
    const equal = Object.is(measured, expected);
    const error = equal ? 0 : measured - expected;
    this.atMost(token, equal ? 0 : error === 0 || Number.isNaN(error) ? Infinity : error, 0, output, index, what);
  }

  /** Requires a condition; `what` says what was found. */
  holds(token: number, condition: boolean, output: string, index: number, what: (index: number) => string): void {
    this.atMost(token, condition ? 0 : Infinity, 0, output, index, what);
  }

  /** Which output the report shows around the worst element, with what was expected there. */
  show(output: string, measured: Float64Array, expected: Float64Array): void {
    this.shown = { output, measured, expected };
  }

  finish(): Judgement {
    const worst = this.worst === undefined ? undefined : { ...this.worst, what: this.label?.(this.worst.index) ?? '' };
    const { margins, comparisons, terms, shown } = this;
    return {
      margins, worst, comparisons, shown,
      get terms() {
        return worst === undefined ? [] : (terms?.(worst.index) ?? []); // dear, and of interest for a failure alone
      },
    };
  }
}

function marginOf(error: number, bound: number): number {
  if (error === 0) return 0;
  const margin = error / bound;
  return margin >= 0 ? margin : Infinity; // NaN, and a bound that is not a bound
}
