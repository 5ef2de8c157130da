/** The probes of `doctor`: facts about this machine, with the remedy for each that is not as it should be. */
import { createRequire } from 'node:module';
import { arch, availableParallelism, cpus, freemem, platform, totalmem } from 'node:os';

import type { ArithmeticRecord } from '../kernels/webgpu/arithmetic/index.ts';
import type { describeGpu, GpuDevice } from '../kernels/webgpu/index.ts';
import { builtInTargets } from '../targets/built-in.ts';
import { version } from '../verify/version.ts';

export interface Finding {
  readonly kind: 'system' | 'target' | 'gpu' | 'package';
  readonly name: string;
  /** missing: optional and absent. bad: needed and not right. */
  readonly status: 'good' | 'missing' | 'bad';
  readonly detail: string;
  readonly remedy?: string;
}

export interface Diagnosis {
  readonly plumbline: string;
  readonly findings: readonly Finding[];
  /** At least one built-in target can run. */
  readonly ready: boolean;
  readonly verdict: string;
}

const packages = ['@tensorflow/tfjs', '@tensorflow/tfjs-backend-wasm', '@tensorflow/tfjs-node', '@tensorflow/tfjs-node-gpu', '@tensorflow/tfjs-backend-webgpu', 'webgpu'] as const;

/** How the arithmetic of a device is found out: from what is kept of it, or by measuring. */
export type FindArithmetic = (gpu: GpuDevice) => Promise<ArithmeticRecord>;

/** Probes everything; opens and closes each built-in target, which loads what is heavy. */
export async function probe(arithmetic?: FindArithmetic): Promise<Diagnosis> {
  const targets = await probeTargets();
  const findings = [...probeSystem(process.versions.node), ...targets, ...(await probeGpu()), ...(await probeArithmetic(arithmetic)), ...packages.map(probePackage)];
  const usable = targets.filter(({ status }) => status === 'good').map(({ name }) => name);
  const bad = findings.filter(({ status }) => status === 'bad').length;
  const ready = usable.length > 0;
  const trouble = bad > 0 ? ` ${bad} ${bad === 1 ? 'thing needs' : 'things need'} attention.` : '';
  const verdict = ready ? `Ready: ${usable.length} of ${targets.length} built-in targets can run (${usable.join(', ')}).${trouble}` : `Not ready: no built-in target can run.${trouble}`;
  return { plumbline: version, findings, ready, verdict };
}

/** Node, processor and memory. */
export function probeSystem(nodeVersion: string): Finding[] {
  const [major = 0, minor = 0] = nodeVersion.split('.').map(Number);
  const supported = major > 20 || (major === 20 && minor >= 19);
  const gib = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(1)} GiB`;
  const node = { kind: 'system', name: 'node', detail: `v${nodeVersion}` } as const;
  return [
    { kind: 'system', name: 'plumbline', status: 'good', detail: version },
    supported ? { ...node, status: 'good' } : { ...node, status: 'bad', remedy: 'plumbline needs Node 20.19 or later.' },
    { kind: 'system', name: 'processor', status: 'good', detail: `${availableParallelism()} cores, ${cpus()[0]?.model ?? 'unknown'}, ${platform()} ${arch()}` },
    { kind: 'system', name: 'memory', status: 'good', detail: `${gib(totalmem())}, ${gib(freemem())} free` },
  ];
}

async function probeTargets(): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const target of builtInTargets()) {
    const availability = await target.open();
    const { name, description } = target;
    if (availability.status === 'available') {
      findings.push({ kind: 'target', name, status: 'good', detail: description });
      await target.close();
    } else {
      findings.push({ kind: 'target', name, status: 'missing', detail: availability.reason, remedy: availability.remedy });
    }
  }
  return findings;
}

/** The adapter that WebGPU would use, what it can do and how much at once; nothing where the package is not installed, which the target says. */
export async function probeGpu(describe?: typeof describeGpu): Promise<Finding[]> {
  const found = await (describe ?? (await import('../kernels/webgpu/index.ts')).describeGpu)();
  const finding = (name: string, detail: string): Finding => ({ kind: 'gpu', name, status: 'good', detail });
  if ('fault' in found) {
    if (found.fault === 'no-dawn') return [];
    return [{ kind: 'gpu', name: 'adapter', status: 'missing', detail: found.reason, ...(found.remedy === undefined ? {} : { remedy: found.remedy }) }];
  }
  const { about, features, limits } = found;
  const adapter = `${about.device} (${[about.vendor, about.architecture].filter((part) => part !== '').join(', ')})`;
  const software: Finding = { kind: 'gpu', name: 'adapter', status: 'good', detail: `${adapter}, in software`, remedy: 'Right, but slow. For a GPU install its Vulkan driver; vulkaninfo --summary lists what there is.' };
  return [
    about.fallback ? software : finding('adapter', adapter),
    finding('driver', about.driver),
    finding('features', features.length === 0 ? 'none of those that are used here' : features.join(', ')),
    finding('limits', Object.entries(limits).map(([name, value]) => `${name} ${value}`).join(', ')),
  ];
}

/** What the adapter's f32 functions do against WGSL's table; nothing where there is no adapter, which others say. `bad` where the bounds do not hold on it. */
async function probeArithmetic(arithmetic?: FindArithmetic): Promise<Finding[]> {
  const [{ GpuFault, openDevice }, { complaintsOf, describeArithmetic }, { arithmeticOf }] = await Promise.all([import('../kernels/webgpu/index.ts'), import('../kernels/webgpu/arithmetic/index.ts'), import('../targets/webgpu-arithmetic.ts')]);
  let gpu: GpuDevice;
  try {
    gpu = await openDevice();
  } catch (error) {
    if (error instanceof GpuFault) return [];
    throw error;
  }
  try {
    const record = await (arithmetic ?? arithmeticOf)(gpu);
    const complaints = complaintsOf(record.functions);
    const status = complaints.some(({ excuses }) => excuses) ? 'bad' : 'good';
    return [{ kind: 'gpu', name: 'arithmetic', status, detail: describeArithmetic(record), ...(complaints.length === 0 ? {} : { remedy: complaints.map(({ text }) => text).join('. ') }) }];
  } catch (error) {
    if (!(error instanceof GpuFault)) throw error;
    return [{ kind: 'gpu', name: 'arithmetic', status: 'bad', detail: error.message, ...(error.remedy === undefined ? {} : { remedy: error.remedy }) }];
  } finally {
    gpu.close();
  }
}

function probePackage(name: (typeof packages)[number]): Finding {
  try {
    const found = createRequire(import.meta.url)(`${name}/package.json`) as { version: string };
    return { kind: 'package', name, status: 'good', detail: found.version };
  } catch {
    return { kind: 'package', name, status: 'missing', detail: 'not installed' };
  }
}
