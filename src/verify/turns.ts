import { setImmediate } from 'node:timers/promises';

/**
 * Cases on a kernel in another process overlap: while one is calculated there, the next is generated and the one before it is judged here. The calls keep the order of the cases,
 * so a kernel with a memory meets what it would meet without overlap: a case has the kernel to itself until it is over, or, where every case so far called once, until its call is answered.
 */
export class Turns {
  private tail: Promise<void> = Promise.resolve();
  private oneCall = true;
  private over = 0;
  private closed = false;

  /** A place behind the cases that have one. */
  take(): Turn {
    return new Turn(this, this.over > 0 && this.oneCall);
  }

  /** What a case that held says of the next ones. */
  learn(calls: number): void {
    this.over++;
    this.oneCall &&= calls === 1;
  }

  /** Lets nobody call any more: a case failed, and what it found is written down before the kernel is called again. */
  close(): void {
    this.closed = true;
  }

  queue(): Place {
    const before = this.tail;
    let leave = (): void => undefined;
    this.tail = new Promise((resolve) => (leave = resolve));
    return { leave, reached: async () => {
      await before;
      if (this.closed) throw new Abandoned('A case before this one failed.');
    } };
  }
}

/** Why a case that was begun has no verdict. */
export class Abandoned extends Error {
  override readonly name = 'Abandoned';
}

interface Place {
  reached(): Promise<void>;
  leave(): void;
}

/** One case's right to call. */
export class Turn {
  private readonly turns: Turns;
  private readonly oneCall: boolean;
  private place: Place | undefined;

  constructor(turns: Turns, oneCall: boolean) {
    this.turns = turns;
    this.oneCall = oneCall;
    this.place = turns.queue();
  }

  /** Resolves when this case may call. One that called more often than was thought queues again. Throws `Abandoned`. */
  async begin(): Promise<void> {
    this.place ??= this.turns.queue();
    await this.place.reached();
  }

  /** A call returned tensors. Resolves when the next case, if it is allowed to and ready, has sent its call: what follows here may take as long. */
  async answered(): Promise<void> {
    if (!this.oneCall) return;
    this.end();
    await setImmediate();
  }

  /** The case is over. */
  end(): void {
    this.place?.leave();
    this.place = undefined;
  }
}
