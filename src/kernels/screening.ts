/** Screening as a kernel on a device may offer it: what is asked for, and what comes back. */

/** What a device can look for in outputs by itself; a property names the one that is about it. */
export type ScreenedFor = 'line-sums' | 'positivity' | 'cross-ratios' | 'gradient-sums';

export interface ScreenRequest {
  readonly seeks: ScreenedFor;
  /** 32 bits. The same seed on the same device draws the same problems. */
  readonly seed: number;
  /** Problems at least. */
  readonly problems: number;
  /** Nothing is begun so long after shaders are compiled, ms. */
  readonly maxTimeMs: number;
  /** Suspects that are wanted, at most. */
  readonly suspects: number;
  readonly stopped?: () => boolean;
  readonly onProgress?: (problems: number) => void;
}

export interface Screened {
  /** Problems that were drawn, run and looked at. */
  readonly problems: number;
  readonly durationMs: number;
  /** The most suspect problems of one token, the worst first: how much, in a unit of the device's own, and the inputs by port. */
  readonly suspects: readonly { readonly suspicion: number; readonly inputs: Readonly<Record<string, Float32Array>> }[];
}

/** Looks through many problems on the device, which returns only those that are worth being judged. */
export interface KernelScreening {
  readonly seeks: readonly ScreenedFor[];
  readonly streams: number;
  run(request: ScreenRequest): Promise<Screened>;
}
