/**
 * What an adapter's f32 functions were measured to do, kept in `.plumbline/arithmetic` under the adapter's name, its driver's and Dawn's version: measured when there is no record, a second on a software GPU. A record is read as
 * untrusted: its schema, that it is of this adapter, and that its bits show what it counts; anything else is as no record. Safe to delete.
 */
import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { PlumblineError } from '../errors.ts';
import * as arithmetic from '../kernels/webgpu/arithmetic/index.ts';
import { GpuFault } from '../kernels/webgpu/fault.ts';
import { dawnVersion, type AdapterAbout } from '../kernels/webgpu/dawn.ts';
import type { GpuDevice } from '../kernels/webgpu/index.ts';
import { writeFileAtomically } from './atomic-file.ts';
import type { TargetNote } from './kernel.ts';

export const arithmeticFolder = join('.plumbline', 'arithmetic');
const largestRecord = 2 ** 20;

/** Where the record of an adapter is. */
export function recordPath({ vendor, architecture, device, driver, fallback }: AdapterAbout, folder = arithmeticFolder): string {
  const identity = JSON.stringify([vendor, architecture, device, driver, fallback, dawnVersion(), arithmetic.recordVersion]);
  const name = device.replaceAll(/[^A-Za-z0-9.]+/g, '-').replaceAll(/^-+|-+$/g, '').slice(0, 60);
  return join(folder, `${name === '' ? 'adapter' : name}-${createHash('sha256').update(identity).digest('hex').slice(0, 16)}.json`);
}

/** The record that is kept of an adapter; undefined where there is none that can be believed. */
export function readRecord(about: AdapterAbout, folder = arithmeticFolder): arithmetic.ArithmeticRecord | undefined {
  const path = recordPath(about, folder);
  let read: unknown;
  try {
    if (statSync(path).size > largestRecord) return undefined;
    read = JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
  const parsed = arithmetic.recordSchema.safeParse(read);
  if (!parsed.success || parsed.data.dawn !== dawnVersion()) return undefined;
  const same = Object.entries(about).every(([name, value]) => parsed.data.adapter[name as keyof AdapterAbout] === value);
  return same && arithmetic.isConsistent(parsed.data) ? parsed.data : undefined;
}

/** Measures an adapter anew and keeps the record. Throws a `GpuFault`, and a `PlumblineError` 'bad-file' where it cannot be written. */
export async function measureAndKeep(gpu: GpuDevice, options: arithmetic.MeasureOptions, folder = arithmeticFolder): Promise<arithmetic.ArithmeticRecord> {
  const record = await arithmetic.makeRecord(gpu, options);
  writeFileAtomically(recordPath(gpu.about, folder), `${JSON.stringify(record)}\n`);
  return record;
}

/** The record of an open device: the one that is kept, or a quick one that is kept from now on where that is possible. Throws a `GpuFault`. */
export async function arithmeticOf(gpu: GpuDevice, folder = arithmeticFolder): Promise<arithmetic.ArithmeticRecord> {
  const kept = readRecord(gpu.about, folder);
  if (kept !== undefined) return kept;
  const record = await arithmetic.makeRecord(gpu, arithmetic.quickly);
  try {
    writeFileAtomically(recordPath(gpu.about, folder), `${JSON.stringify(record)}\n`);
  } catch (error) {
    if (!(error instanceof PlumblineError)) throw error; // a folder that cannot be written to costs a second at the next run
  }
  return record;
}

/** Which operations use a function; absent: all may. */
export type Users = (name: arithmetic.MeasuredName) => TargetNote['operations'];

/** What a report is to say of an adapter: nothing where it keeps to WGSL's table. `fresh`: measured now, and not kept, for a device whose shaders are changed on the way. */
export async function arithmeticNotes(gpu: GpuDevice, fresh: boolean, users: Users = () => undefined): Promise<readonly TargetNote[]> {
  let functions: arithmetic.ArithmeticRecord['functions'];
  try {
    functions = (fresh ? await arithmetic.makeRecord(gpu, arithmetic.quickly) : await arithmeticOf(gpu)).functions;
  } catch (error) {
    if (!(error instanceof GpuFault)) throw error;
    return [{ text: `the arithmetic of this adapter could not be measured: ${error.message}`, excuses: false }];
  }
  return arithmetic.complaintsOf(functions).map(({ name, text, excuses }) => ({ text: `${gpu.about.device}: ${text}`, excuses, operations: users(name) }));
}
