/** Text from a pipe as lines, in bounded memory whatever is written: garbage is data too. */
import { longestLine } from './protocol.ts';

/** Lines that are kept until somebody takes them. */
const mostLines = 20;

export class Lines {
  private pending = '';
  private kept: string[] = [];
  private taker: ((line: string) => void) | undefined;

  /** The last lines that nobody took, with one that is not finished. */
  get last(): readonly string[] {
    return this.pending === '' ? this.kept : [...this.kept, this.pending].slice(-mostLines);
  }

  get unfinished(): string {
    return this.pending;
  }

  add(chunk: string): void {
    const lines = (this.pending + chunk).split('\n');
    this.pending = lines.pop()!;
    if (this.pending.length > longestLine) {
      lines.push(this.pending);
      this.pending = '';
    }
    for (const line of lines) this.pass(line);
  }

  /** Calls back once, with the next line that was or will be written; undefined takes that back. */
  take(taker: ((line: string) => void) | undefined): void {
    const waiting = taker === undefined ? undefined : this.kept.shift();
    if (waiting === undefined) this.taker = taker;
    else taker!(waiting);
  }

  clear(): void {
    this.kept = [];
    this.pending = '';
  }

  private pass(line: string): void {
    const { taker } = this;
    this.taker = undefined;
    if (taker === undefined) this.kept = [...this.kept, line].slice(-mostLines);
    else taker(line);
  }
}
