/** A device and what is compiled for it. Opened once for a target, closed after its last kernel. */
import { aboutAdapter, findAdapter, messageOf, type AdapterAbout } from './dawn.ts';
import { GpuFault } from './fault.ts';
import type { Plan, PlanPass } from './plan.ts';

/** Limits that a device has in their smallest form unless larger ones are asked for. */
const wanted = ['maxBufferSize', 'maxStorageBufferBindingSize', 'maxComputeWorkgroupStorageSize', 'maxComputeInvocationsPerWorkgroup', 'maxComputeWorkgroupSizeX', 'maxStorageBuffersPerShaderStage'] as const;

export interface DeviceOptions {
  /** Bytes of a buffer that one dispatch sees, where it is to be less than the device allows. For tests. */
  readonly largestBinding?: number;
  /** Bytes of a buffer, where they are to be fewer than the device allows. For tests. */
  readonly largestBuffer?: number;
  /** Workgroups in one dimension of a dispatch, where they are to be fewer than 65,535. For tests. */
  readonly mostGroups?: number;
  /** Whether to use subgroups where they are. Default true. For tests. */
  readonly quads?: boolean;
  /** Whether to use shaders without loops, where there are any. Default: not in software. For tests. */
  readonly writtenOut?: boolean;
  /** Changes every shader before it is compiled. For planted faults. */
  readonly rewrite?: (code: string, label: string) => string;
  /** Changes the passes of every plan before they are run: whose buffers they see, and for which sublayer. For planted faults. */
  readonly replan?: (passes: Plan['passes']) => Plan['passes'];
  /** What a target says of the device's arithmetic: from what is kept of it, measured now, or nothing. Default `kept`; `unsaid` where shaders or plans are changed. */
  readonly arithmetic?: 'kept' | 'fresh' | 'unsaid';
}

export interface GpuDevice {
  readonly device: GPUDevice;
  readonly about: AdapterAbout;
  readonly hasTimestamps: boolean;
  /** The shader of a pass in the form for this device. */
  readonly formOf: (pass: Pick<PlanPass, 'code' | 'codeForQuads' | 'codeWrittenOut'>) => string;
  /** Bytes of a buffer that one dispatch may see. */
  readonly largestBinding: number;
  /** Bytes that a buffer may have. */
  readonly largestBuffer: number;
  readonly mostGroups: number;
  /** The plan as it is run. */
  planned(plan: Plan): Plan;
  /** The pipeline of a shader with the entry point `main`; compiled once. Throws a `GpuFault` 'bad-shader'. */
  pipeline(code: string, label: string): Promise<GPUComputePipeline>;
  /** Awaits what the device promised; rejects with 'device-lost' when the device goes first. */
  whole<T>(promise: Promise<T>): Promise<T>;
  close(): void;
}

/** Opens the adapter that Dawn prefers with all limits that it has. Throws a `GpuFault`. */
export async function openDevice(options: DeviceOptions = {}): Promise<GpuDevice> {
  const adapter = await findAdapter();
  const about = aboutAdapter(adapter);
  const hasTimestamps = adapter.features.has('timestamp-query');
  const hasQuads = options.quads !== false && adapter.features.has('subgroups');
  const writtenOut = options.writtenOut ?? !about.fallback;
  let device: GPUDevice;
  try {
    device = await adapter.requestDevice({
      requiredFeatures: [...(hasTimestamps ? ['timestamp-query' as const] : []), ...(hasQuads ? ['subgroups' as GPUFeatureName] : [])],
      requiredLimits: Object.fromEntries(wanted.map((name) => [name, adapter.limits[name]])),
    });
  } catch (error) {
    throw new GpuFault('no-device', `The adapter ${about.device} gives no device: ${messageOf(error)}`);
  }
  const lost = device.lost.then(({ reason, message }): never => {
    throw new GpuFault('device-lost', reason === 'destroyed' ? 'The device was closed.' : `The device was lost: ${message.split('\n')[0]}`, 'Open the target again; where it happens again, look at the driver’s log.');
  });
  lost.catch(() => undefined); // nobody may be waiting
  const whole = <T>(promise: Promise<T>): Promise<T> => Promise.race([promise, lost]);
  const pipelines = new Map<string, Promise<GPUComputePipeline>>();
  const pipeline = (code: string, label: string): Promise<GPUComputePipeline> => {
    let made = pipelines.get(code);
    if (made === undefined) {
      made = whole(compile(device, options.rewrite?.(code, label) ?? code, label));
      pipelines.set(code, made);
    }
    return made;
  };
  return {
    device,
    about,
    hasTimestamps,
    formOf: ({ code, codeForQuads, codeWrittenOut }) => (writtenOut ? codeWrittenOut : undefined) ?? (hasQuads ? codeForQuads : undefined) ?? code,
    largestBinding: Math.min(device.limits.maxStorageBufferBindingSize, options.largestBinding ?? Infinity),
    largestBuffer: Math.min(device.limits.maxBufferSize, options.largestBuffer ?? Infinity),
    mostGroups: Math.min(device.limits.maxComputeWorkgroupsPerDimension, options.mostGroups ?? Infinity),
    planned: (plan) => (options.replan === undefined ? plan : { ...plan, passes: options.replan(plan.passes) }),
    pipeline,
    whole,
    close: () => device.destroy(),
  };
}

async function compile(device: GPUDevice, code: string, label: string): Promise<GPUComputePipeline> {
  device.pushErrorScope('validation');
  const module = device.createShaderModule({ code, label });
  const invalid = device.popErrorScope();
  const complaint = await invalid;
  if (complaint !== null) throw new GpuFault('bad-shader', `The shader ${label} does not compile: ${complaint.message.split('\n').slice(0, 3).join(' ')}`);
  try {
    return await device.createComputePipelineAsync({ layout: 'auto', compute: { module, entryPoint: 'main' }, label });
  } catch (error) {
    throw new GpuFault('bad-shader', `The driver does not take the shader ${label}: ${messageOf(error)}`);
  }
}
