import { z } from 'zod';

import { PlumblineError, suggest } from '../errors.ts';
import { resolveArithmetic, type Arithmetic } from '../numerics/arithmetic.ts';
import type { Operation, PortDtypes } from '../operations/operation.ts';
import { dtypes, type Dtype } from '../tensor/dtype.ts';
import type { KernelDeclaration } from './kernel.ts';

/** A kernel's declaration, complete and validated. */
export interface ResolvedKernel<D = never> {
  readonly operation: Operation<D>;
  readonly dialect: D;
  readonly arithmetic: Arithmetic;
  /** Dtype of every port. */
  readonly dtypes: PortDtypes;
  readonly streams: readonly number[];
  readonly batchInvariant: boolean;
  readonly deterministic: boolean;
}

const everyStreamCount = Array.from({ length: 16 }, (_, i) => i + 1);

/** Completes a declaration. `owner` names the kernel in errors. Throws `bad-dialect`, `bad-arithmetic` or `bad-config`, each naming the field. */
export function resolveKernel(operation: Operation, declaration: KernelDeclaration, owner: string): ResolvedKernel {
  const arithmetic = resolveArithmetic(declaration.arithmetic);
  const ports = [...operation.inputs, ...operation.outputs].map((port) => port.name);
  const portDtypes: Record<string, Dtype> = Object.fromEntries(ports.map((name) => [name, arithmetic.storage]));
  for (const [name, dtype] of Object.entries(declaration.dtypes ?? {})) {
    if (!ports.includes(name)) throw new PlumblineError('bad-config', `${owner}: dtypes names '${name}', which ${operation.id} does not have.`, suggest(name, ports));
    if (!(dtypes as readonly string[]).includes(dtype)) throw new PlumblineError('bad-config', `${owner}: dtypes.${name} is '${dtype}'.`, suggest(dtype, dtypes));
    portDtypes[name] = dtype;
  }
  const possible = operation.streamCounts ?? everyStreamCount;
  const streams = declaration.streams ?? possible;
  if (streams.length === 0 || streams.some((n) => !possible.includes(n))) {
    const wanted = operation.streamCounts === undefined ? 'numbers from 1 to 16' : `some of ${possible.join(', ')}, for which ${operation.id} is defined`;
    throw new PlumblineError('bad-config', `${owner}: streams must list ${wanted}.`, 'For example streams: [4].');
  }
  if (typeof declaration.run !== 'function') throw new PlumblineError('bad-config', `${owner}: run is not a function.`, 'A kernel is { arithmetic, run }.');
  return {
    operation: operation as unknown as Operation<never>,
    dialect: resolveDialect(operation, declaration.dialect, owner) as never,
    arithmetic,
    dtypes: portDtypes,
    streams,
    batchInvariant: declaration.batchInvariant ?? true,
    deterministic: declaration.deterministic ?? true,
  };
}

function resolveDialect(operation: Operation, declared: KernelDeclaration['dialect'], owner: string): unknown {
  const { preset = operation.defaultPreset, ...fields } = typeof declared === 'string' ? { preset: declared } : (declared ?? {});
  const presets = operation.presets;
  if (typeof preset !== 'string' || !Object.hasOwn(presets, preset)) {
    throw new PlumblineError('bad-dialect', `${owner}: there is no dialect '${String(preset)}' of ${operation.id}.`, suggest(String(preset), Object.keys(presets)));
  }
  const base = presets[preset] as Record<string, unknown>;
  const known = Object.keys(base);
  const unknown = Object.keys(fields).find((field) => !known.includes(field));
  if (unknown !== undefined) {
    const remedy = known.length === 0 ? `${operation.id} has one form; leave the dialect out.` : suggest(unknown, known);
    throw new PlumblineError('bad-dialect', `${owner}: the dialect of ${operation.id} has no field '${unknown}'.`, remedy);
  }
  const parsed = operation.dialectSchema.safeParse({ ...base, ...fields });
  if (!parsed.success) throw new PlumblineError('bad-dialect', `${owner}: ${z.prettifyError(parsed.error)}`, `Presets: ${Object.keys(presets).join(', ')}.`);
  return parsed.data;
}
