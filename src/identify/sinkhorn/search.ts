/**
 * Which candidates explain the answers. Each function (combination of the fields that change values) gets its best numbers; then every dialect that
 * is this function is judged with bounds. Iterations are looked for up to 40 first; further only while the nearest functions want more than
 * that, and then only for those.
 */
import type { Arithmetic } from '../../numerics/arithmetic.ts';
import type { SinkhornDialect } from '../../operations/sinkhorn/dialect.ts';
import { minNormal, minSubnormal, unitRoundoff, type Dtype } from '../../tensor/dtype.ts';
import { meant } from '../round-number.ts';
import { coarseFits, refineEpsilon, type Fit } from './fit.ts';
import { refuteByBound, refuteByRange, worse, type Asked, type Refutation } from './refute.ts';
import { formsOf, type Form, type Layout, type Numbers } from './space.ts';
import { bestStop, refineTemperature, temperatureOf } from './rarer-numbers.ts';
import type { Seen } from './walk.ts';

/** The answers, in one layout. */
export interface Observed {
  readonly ordinary: Asked;
  /** Logits that a shorter dtype cannot hold. */
  readonly long: Asked;
  /** Absent when the kernel did not answer there. */
  readonly extreme: Asked | undefined;
}
export type ByLayout = Readonly<Record<Layout, Observed>>;

/** A form with its best numbers. */
export interface Fitted {
  readonly form: Form;
  readonly fit: Fit;
}

export interface Candidate {
  readonly dialect: SinkhornDialect;
  readonly layout: Layout;
  readonly distance: number;
  readonly refutation: Refutation;
}

/** Iterations that are looked at, and how many of the nearest functions are followed there. */
const looks = [{ iterations: 40, followed: Infinity }, { iterations: 200, followed: 40 }, { iterations: 1000, followed: 12 }];
/** The nearest functions whose wish for more iterations counts. */
const leading = 3;
/** Functions whose epsilon is followed to its minimum, and all of whose dialects are judged; of those, the ones that are followed to the last digit. */
const refined = 12;
const precise = 4;
/** Functions that an early stop is tried on, besides those without an epsilon. */
const stopping = 4;

/** Fits and judges candidates against one set of answers. */
export class Search {
  readonly byLayout: ByLayout;
  readonly storage: Dtype;
  readonly pause: () => Promise<void>;

  constructor(byLayout: ByLayout, storage: Dtype, pause: () => Promise<void>) {
    this.byLayout = byLayout;
    this.storage = storage;
    this.pause = pause;
  }

  /** Every form of a layout (or only some) with its best numbers, nearest first; another temperature than 1 where the answers show one. */
  async fits(layout: Layout, some: readonly Form[] = formsOf(layout)): Promise<Fitted[]> {
    const plain = await this.atTemperature(some, 1);
    const seen = this.seen(layout);
    const estimate = temperatureOf(seen, this.byLayout[layout].ordinary.probes);
    if (estimate === undefined) return plain;
    const rough = await this.atTemperature(some, estimate);
    if (!(rough[0]!.fit.distance < plain[0]!.fit.distance)) return plain;
    const tempered = await this.atTemperature(some, refineTemperature(seen, rough[0]!.fit));
    return merged([plain, rough, tempered]);
  }

  /** The nearest fits again, each with the early stop that brings it nearer. */
  async stopped(fitted: readonly Fitted[]): Promise<Fitted[]> {
    const stops: Fitted[] = [];
    const few = fitted.filter(({ fit }, place) => place < stopping || fit.dialect.epsilon === 0);
    for (const { form, fit } of few) {
      await this.pause();
      const better = bestStop(this.seen(form.layout), fit);
      if (better !== undefined) stops.push({ form, fit: better });
    }
    return stops;
  }

  /** The members of every form with its numbers, rounded as people write them where that fits; of a form that is far off, one member stands for all. */
  async judged(fitted: readonly Fitted[], arithmetic: Arithmetic): Promise<Candidate[]> {
    const candidates: Candidate[] = [];
    const surviving: Numbers[] = [];
    for (const [place, { form, fit }] of fitted.toSorted(byDistance).entries()) {
      const { layout } = form;
      const near = place < refined;
      for (const member of near ? form.members : form.members.slice(0, 1)) {
        await this.pause();
        const { iterations, epsilon, temperature, stopBelow } = near ? this.bestNumbers({ ...member, ...numbersOf(fit.dialect) }, layout, surviving, arithmetic) : fit.dialect;
        const dialect = { ...member, iterations, epsilon, temperature, stopBelow };
        const refutation = this.refute(dialect, layout, arithmetic);
        candidates.push({ dialect, layout, distance: fit.distance, refutation });
        if (refutation.margin <= 1 && surviving.length < 3 && !surviving.some((one) => one.iterations === iterations && one.epsilon === epsilon)) surviving.push({ iterations, epsilon, temperature, stopBelow });
      }
    }
    return candidates;
  }

  /** The margin of one dialect under an arithmetic: on ordinary probes where they refute it, else on all. */
  refute(dialect: SinkhornDialect, layout: Layout, arithmetic: Arithmetic): Refutation {
    const { extreme } = this.byLayout[layout];
    const ordinary = this.refuteOrdinary(dialect, layout, arithmetic);
    return extreme === undefined || ordinary.margin > 1 ? ordinary : worse(ordinary, refuteByRange(extreme, dialect, arithmetic, this.storage));
  }

  /** The margin on ordinary probes. */
  refuteOrdinary(dialect: SinkhornDialect, layout: Layout, arithmetic: Arithmetic): Refutation {
    return refuteByBound(this.byLayout[layout].ordinary, dialect, arithmetic, this.storage);
  }

  /** What walk.ts compares with. */
  seen(layout: Layout): Seen {
    const { n, probes, logits, values } = this.byLayout[layout].ordinary;
    // a number below what the storage, or a flushing f32, can hold says nothing
    return { n, tokens: probes.length, logits, values, unit: unitRoundoff[this.storage], smallest: Math.max(minSubnormal[this.storage], this.storage === 'f64' ? 0 : minNormal.f32) };
  }

  private async atTemperature(some: readonly Form[], temperature: number): Promise<Fitted[]> {
    let forms = [...some];
    let all: Fitted[] = [];
    for (const { iterations, followed } of looks) {
      all = merged([all, await this.fitted(forms.slice(0, followed), iterations, temperature)]);
      if (!all.slice(0, leading).some(({ fit }) => fit.dialect.iterations >= iterations)) break;
      // without an epsilon a form costs one walk, and is never left behind
      forms = all.map(({ form }) => form).toSorted((a, b) => Number(a.members[0]!.epsilon > 0) - Number(b.members[0]!.epsilon > 0));
    }
    return all;
  }

  private async fitted(forms: readonly Form[], look: number, temperature: number): Promise<Fitted[]> {
    const coarse: { form: Form; fits: Fit[] }[] = [];
    for (const form of forms) {
      await this.pause();
      coarse.push({ form, fits: coarseFits(this.seen(form.layout), { ...form.members[0]!, temperature }, look) });
    }
    coarse.sort((a, b) => a.fits[0]!.distance - b.fits[0]!.distance);
    const fitted: Fitted[] = [];
    for (const [place, { form, fits }] of coarse.entries()) {
      await this.pause();
      const fine = place < refined ? fits.map((one) => refineEpsilon(this.seen(form.layout), one, 4, 2 ** -8)) : fits;
      fitted.push({ form, fit: fine.reduce((a, b) => (b.distance < a.distance ? b : a)) });
    }
    const seen = (form: Form): Seen => this.seen(form.layout);
    return fitted.toSorted(byDistance).map(({ form, fit }, place) => ({ form, fit: place < precise ? refineEpsilon(seen(form), fit, 4) : fit }));
  }

  /** The fitted numbers as people write them, else those of a form that survived, else the least refuted. */
  private bestNumbers(fitted: SinkhornDialect, layout: Layout, surviving: readonly Numbers[], arithmetic: Arithmetic): Numbers {
    const { iterations, stopBelow } = fitted;
    const epsilons = fitted.epsilon === 0 ? [0] : meant(fitted.epsilon);
    const temperatures = fitted.temperature === 1 ? [1] : meant(fitted.temperature);
    const own = temperatures.flatMap((temperature) => epsilons.map((epsilon) => ({ iterations, epsilon, temperature, stopBelow })));
    let best: { numbers: Numbers; margin: number } | undefined;
    for (const numbers of [...own, ...surviving.filter(({ epsilon }) => (epsilon > 0) === (fitted.epsilon > 0))]) {
      const { margin } = own.length === 1 ? { margin: 0 } : this.refuteOrdinary({ ...fitted, ...numbers }, layout, arithmetic);
      if (best === undefined || margin < best.margin) best = { numbers, margin };
      if (margin <= 1) break;
    }
    return best!.numbers;
  }
}

function numbersOf({ iterations, epsilon, temperature, stopBelow }: SinkhornDialect): Numbers {
  return { iterations, epsilon, temperature, stopBelow };
}

function byDistance(a: Fitted, b: Fitted): number {
  return a.fit.distance - b.fit.distance;
}

/** The nearest fit of every form, nearest first. */
function merged(lists: readonly (readonly Fitted[])[]): Fitted[] {
  const best = new Map<Form, Fitted>();
  for (const fitted of lists.flat()) {
    const known = best.get(fitted.form);
    if (known === undefined || fitted.fit.distance < known.fit.distance) best.set(fitted.form, fitted);
  }
  return [...best.values()].toSorted(byDistance);
}
