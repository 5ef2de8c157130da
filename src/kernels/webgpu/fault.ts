/** What can go wrong between a kernel and its device; each has a name, so that a target can turn it into an outcome. */
const gpuFaultNames = ['no-dawn', 'no-adapter', 'no-device', 'device-lost', 'out-of-memory', 'bad-shader', 'refused'] as const;
export type GpuFaultName = (typeof gpuFaultNames)[number];

/** Thrown by everything in this folder that asks something of a device. `remedy` says what to do where that is known. */
export class GpuFault extends Error {
  readonly fault: GpuFaultName;
  readonly remedy: string | undefined;

  constructor(fault: GpuFaultName, message: string, remedy?: string) {
    super(message);
    this.name = 'GpuFault';
    this.fault = fault;
    this.remedy = remedy;
  }
}
