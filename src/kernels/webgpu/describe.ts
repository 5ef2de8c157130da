/** What the GPU of this machine is and can do, without opening a device. */
import { aboutAdapter, findAdapter, type AdapterAbout } from './dawn.ts';
import { GpuFault, type GpuFaultName } from './fault.ts';

export interface GpuDescription {
  readonly about: AdapterAbout;
  /** Of those that kernels can use. */
  readonly features: readonly string[];
  readonly limits: Readonly<Record<string, number>>;
}

const used = ['timestamp-query', 'shader-f16', 'subgroups', 'subgroup-size-control'] as const;
const told = ['maxBufferSize', 'maxStorageBufferBindingSize', 'maxStorageBuffersPerShaderStage', 'maxComputeWorkgroupStorageSize', 'maxComputeInvocationsPerWorkgroup', 'maxComputeWorkgroupsPerDimension'] as const;

/** The adapter that Dawn prefers, or why there is none. */
export async function describeGpu(): Promise<GpuDescription | { readonly fault: GpuFaultName; readonly reason: string; readonly remedy: string | undefined }> {
  try {
    const adapter = await findAdapter();
    const features = new Set<string>(adapter.features);
    return {
      about: aboutAdapter(adapter),
      features: used.filter((name) => features.has(name)),
      limits: Object.fromEntries(told.map((name) => [name, adapter.limits[name]])),
    };
  } catch (error) {
    if (!(error instanceof GpuFault)) throw error;
    return { fault: error.fault, reason: error.message, remedy: error.remedy };
  }
}
