/**
 * What keeps two times from being compared: another machine, device, driver or clock. Versions of frameworks do not: a newer one that is slower is what a history is to find.
 */
import type { BenchRecord, Environment } from './record.ts';

/** `CPU 'Some CPU 3000' instead of 'Other CPU'`, for everything that differs; empty where the times can be compared. */
export function differences(one: Pick<BenchRecord, 'environment' | 'clock'>, reference: Pick<BenchRecord, 'environment' | 'clock'>): string[] {
  const [facts, others] = [factsOf(one), factsOf(reference)];
  return facts.flatMap(([name, value], k) => (value === others[k]![1] ? [] : [`${name} ${said(value)} instead of ${said(others[k]![1])}`]));
}

function factsOf({ environment, clock }: Pick<BenchRecord, 'environment' | 'clock'>): (readonly [string, string | undefined])[] {
  const { machine, cpu, cores, platform, arch, device, driver, node }: Environment = environment;
  return [['machine', machine], ['CPU', cpu], ['cores', String(cores)], ['platform', platform], ['architecture', arch], ['device', device], ['driver', driver], ['Node', node], ['clock', clock]];
}

function said(value: string | undefined): string {
  return value === undefined ? 'unnamed' : `'${value.replaceAll(/\p{C}/gu, '')}'`;
}
