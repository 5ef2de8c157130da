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
import { combinations, functionKey, layouts, type Layout } from './space.ts';
import type { Seen } from './walk.ts';

/** The answers, in one layout. */
export interface Observed {
  readonly ordinary: Asked;
  /** Logits that a shorter dtype cannot hold. */
  readonly long: Asked;
  /** Absent when the kernel did not answer there. */
  readonly extreme: Asked | undefined;
}

export interface Candidate {
  readonly dialect: SinkhornDialect;
  readonly layout: Layout;
  readonly distance: number;
  readonly refutation: Refutation;
}

export type ByLayout = Readonly<Record<Layout, Observed>>;

/** Iterations that are looked at, and how many of the nearest functions are followed there. */
const looks = [{ iterations: 40, followed: Infinity }, { iterations: 200, followed: 16 }, { iterations: 1000, followed: 8 }];
/** The nearest functions whose wish for more iterations counts. */
const leading = 3;
/** Functions whose epsilon is followed to its minimum. */
const refined = 16;

/** One function of the logits, in one layout: the dialects that are it. */
export interface Form {
  readonly layout: Layout;
  readonly members: readonly SinkhornDialect[];
}
export interface Fitted {
  readonly form: Form;
  readonly fit: Fit;
}

type Numbers = Pick<SinkhornDialect, 'iterations' | 'epsilon'>;

/** Judges candidates under one arithmetic. */
export class Search {
  readonly byLayout: ByLayout;
  readonly storage: Dtype;
  readonly pause: () => Promise<void>;

  constructor(byLayout: ByLayout, storage: Dtype, pause: () => Promise<void>) {
    this.byLayout = byLayout;
    this.storage = storage;
    this.pause = pause;
  }

  /** Every function in every layout with its best numbers, nearest first. */
  async fits(): Promise<Fitted[]> {
    let forms = allForms();
    const best = new Map<Form, Fitted>();
    let all: Fitted[] = [];
    for (const { iterations, followed } of looks) {
      for (const fitted of await this.fitted(forms.slice(0, followed), iterations)) best.set(fitted.form, fitted);
      all = [...best.values()].toSorted((a, b) => a.fit.distance - b.fit.distance);
      if (!all.slice(0, leading).some(({ fit }) => fit.dialect.iterations >= iterations)) break;
      // without an epsilon a form costs one walk, and is never left behind
      forms = all.map(({ form }) => form).toSorted((a, b) => Number(a.members[0]!.epsilon > 0) - Number(b.members[0]!.epsilon > 0));
    }
    return all;
  }

  /** The members of every form with its numbers, rounded as people write them where that fits; of a form that is far off, one member stands for all. */
  async judged(fitted: readonly Fitted[], arithmetic: Arithmetic): Promise<Candidate[]> {
    const candidates: Candidate[] = [];
    const surviving: Numbers[] = [];
    for (const [place, { form, fit }] of fitted.entries()) {
      const { layout } = form;
      const near = place < refined;
      const { iterations, epsilon } = near ? this.bestNumbers(fit.dialect, layout, surviving, arithmetic) : fit.dialect;
      for (const member of near ? form.members : form.members.slice(0, 1)) {
        await this.pause();
        const dialect = { ...member, iterations, epsilon };
        const refutation = this.refute(dialect, layout, arithmetic);
        candidates.push({ dialect, layout, distance: fit.distance, refutation });
        if (refutation.margin <= 1 && surviving.length < 3 && !surviving.some((one) => one.iterations === iterations && one.epsilon === epsilon)) surviving.push({ iterations, epsilon });
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

  private async fitted(forms: readonly Form[], look: number): Promise<Fitted[]> {
    const coarse: { form: Form; fits: Fit[] }[] = [];
    for (const form of forms) {
      await this.pause();
      coarse.push({ form, fits: coarseFits(this.seen(form.layout), form.members[0]!, look) });
    }
    coarse.sort((a, b) => a.fits[0]!.distance - b.fits[0]!.distance);
    const fitted: Fitted[] = [];
    for (const [place, { form, fits }] of coarse.entries()) {
      await this.pause();
      const fine = place < refined ? fits.map((one) => refineEpsilon(this.seen(form.layout), one, 4)) : fits;
      fitted.push({ form, fit: fine.reduce((a, b) => (b.distance < a.distance ? b : a)) });
    }
    return fitted;
  }

  /** The fitted numbers as people write them, else those of a form that survived, else the least refuted. */
  private bestNumbers(fitted: SinkhornDialect, layout: Layout, surviving: readonly Numbers[], arithmetic: Arithmetic): Numbers {
    if (fitted.epsilon === 0) return fitted;
    const own = meant(fitted.epsilon).map((epsilon) => ({ iterations: fitted.iterations, epsilon }));
    const tried = [...own, ...surviving.filter(({ epsilon }) => epsilon > 0)];
    const margins = tried.map((numbers) => this.refuteOrdinary({ ...fitted, ...numbers }, layout, arithmetic).margin);
    const held = margins.findIndex((margin) => margin <= 1);
    return tried[held >= 0 ? held : margins.indexOf(Math.min(...margins))]!;
  }
}

/** Every function in both layouts. */
function allForms(): Form[] {
  const members = new Map<string, SinkhornDialect[]>();
  for (const dialect of combinations()) {
    const key = functionKey(dialect);
    members.set(key, [...(members.get(key) ?? []), dialect]);
  }
  return layouts.flatMap((layout) => [...members.values()].map((dialects) => ({ layout, members: dialects })));
}
