/** What loading a backend of tfjs comes to. */
import type { Tf } from '../kernels/tfjs/index.ts';
import { alone } from './tfjs-engine.ts';

/** A loaded backend: the module and the name under which tfjs knows the backend. */
export interface LoadedBackend {
  readonly tf: Tf;
  readonly backend: string;
}

/** Why a backend cannot be used here. */
export interface Obstacle {
  readonly reason: string;
  readonly remedy: string;
}

/** Selects a backend that is registered. */
export async function select(tf: Tf, backend: string, remedy: string): Promise<LoadedBackend | Obstacle> {
  try {
    await alone(tf, backend, () => tf.ready());
    return { tf, backend };
  } catch (error) {
    return { reason: error instanceof Error ? error.message : String(error), remedy };
  }
}
