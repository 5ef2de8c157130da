/** `pytest --benchmark-json`: seconds of each round, in the order in which they ran, with the machine and the commit. */
import { z } from 'zod';

import type { ForeignFile } from './imports.ts';
import { inShape, isObject } from './foreign.ts';

const seconds = z.number().nonnegative();
const schema = z.object({
  machine_info: z.object({
    node: z.string().optional(), machine: z.string().optional(), system: z.string().optional(), python_version: z.string().optional(),
    cpu: z.object({ brand_raw: z.string().optional(), count: z.int().positive().optional() }).optional(),
  }),
  commit_info: z.object({ id: z.string().nullish(), dirty: z.boolean().nullish() }).nullish(),
  benchmarks: z.array(z.object({ name: z.string(), fullname: z.string(), stats: z.object({ median: seconds, data: z.array(seconds).optional() }) })),
  datetime: z.string().optional(),
});

export function pytestResults(data: unknown): ForeignFile | undefined {
  if (!isObject(data) || !Array.isArray(data['benchmarks']) || !isObject(data['machine_info'])) return undefined;
  const { machine_info: machine, commit_info: commit, benchmarks, datetime } = inShape(schema, data, '');
  const { brand_raw: cpu, count: cores } = machine.cpu ?? {};
  const date = datetime === undefined || Number.isNaN(Date.parse(datetime)) ? undefined : new Date(datetime).toISOString();
  return {
    from: 'pytest-benchmark',
    results: benchmarks.map(({ name, fullname, stats }) => {
      const [samples, order] = stats.data === undefined || stats.data.length === 0 ? [[stats.median], 'summary' as const] : [stats.data, 'time' as const];
      return { group: fullname.endsWith(`::${name}`) ? fullname.slice(0, -name.length - 2) : fullname, name, samples: samples.map((value) => value * 1e3), order };
    }),
    environment: {
      ...(machine.node ? { machine: machine.node } : {}), ...(cpu ? { cpu } : {}), ...(cores === undefined ? {} : { cores }),
      ...(machine.machine ? { arch: machine.machine } : {}), ...(machine.system ? { platform: machine.system.toLowerCase() } : {}),
      dependencies: machine.python_version === undefined ? {} : { python: machine.python_version },
    },
    commit: /^[0-9a-f]{7,64}$/.test(commit?.id ?? '') ? { commit: commit!.id!, dirty: commit!.dirty === true } : undefined,
    date,
  };
}
