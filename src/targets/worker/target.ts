/** Kernels in a process of their own, in any language that speaks the worker protocol (docs/worker-protocol.md). */
import { PlumblineError, suggest } from '../../errors.ts';
import { operations } from '../../operations/index.ts';
import type { OperationId } from '../../operations/operation.ts';
import type { Dtype } from '../../tensor/dtype.ts';
import type { Availability, KernelDeclaration, Target } from '../kernel.ts';
import { resolveKernel, type ResolvedKernel } from '../resolve.ts';
import { TargetUnusable } from '../outcome.ts';
import { WorkerClient, type WorkerOptions } from './client.ts';
import { timingFeature, type WorkerHello, type WorkerKernel } from './protocol.ts';

/** A target of a configuration whose kernels are in another process. */
export interface WorkerDeclaration {
  readonly worker: WorkerOptions;
  readonly description?: string;
}

/** Declares a worker in a configuration: `targets: { triton: worker({ command: ['python3', '-m', 'plumbline_worker', 'kernels.py'] }) }`. */
export function worker(options: WorkerOptions): WorkerDeclaration {
  return { worker: options };
}

/** A target that starts the command when it is opened. `version` is plumbline's, told to the worker. */
export function workerTarget(name: string, declaration: WorkerDeclaration, version: string): Target {
  let client: WorkerClient | undefined;
  let hello: WorkerHello | undefined;
  const { command } = declaration.worker;
  return {
    name,
    description: declaration.description ?? `worker: ${command.join(' ')}`,

    async open(): Promise<Availability> {
      const opened = new WorkerClient(declaration.worker, version);
      try {
        hello = await opened.start();
        client = opened;
      } catch (error) {
        await opened.close();
        if (error instanceof TargetUnusable) return { status: 'unavailable', reason: error.message, remedy: error.remedy };
        throw error;
      }
      if (hello.kernels.length > 0) {
        try {
          resolveKernels(name, hello.kernels);
        } catch (error) {
          await this.close();
          throw error;
        }
        return { status: 'available', about: hello.environment };
      }
      await this.close();
      return { status: 'unavailable', reason: `'${command.join(' ')}' has no kernels.`, remedy: 'Mark a function with @plumbline.kernel("sinkhorn", arithmetic="ieee-f32").' };
    },

    kernels() {
      return Object.fromEntries((hello?.kernels ?? []).map((kernel) => [kernel.operation, declarationOf(kernel, () => client!, hello?.features?.includes(timingFeature))]));
    },

    async close(): Promise<void> {
      const closing = client;
      client = undefined;
      await closing?.close();
    },

    another: () => workerTarget(name, declaration, version),
  };
}

/** The declarations, complete. Refuses kernels of operations that do not exist, and fields that are not valid; each error names the kernel and the field. */
export function resolveKernels(target: string, kernels: readonly WorkerKernel[]): ResolvedKernel[] {
  return kernels.map((kernel) => {
    const owner = `${target}.kernels.${kernel.operation}`;
    if (!Object.hasOwn(operations, kernel.operation)) throw new PlumblineError('bad-config', `${owner}: there is no operation '${kernel.operation}'.`, suggest(kernel.operation, Object.keys(operations)));
    if (kernels.filter(({ operation }) => operation === kernel.operation).length > 1) throw new PlumblineError('bad-config', `${owner}: declared twice.`, 'A worker has one kernel for each operation.');
    return resolveKernel(operations[kernel.operation as OperationId], declarationOf(kernel, () => undefined as never), owner);
  });
}

function declarationOf({ operation, arithmetic, dtypes, ...rest }: WorkerKernel, client: () => WorkerClient, times = false): KernelDeclaration {
  const optional = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
  return {
    ...optional,
    ...(dtypes === undefined ? {} : { dtypes: dtypes as Record<string, Dtype> }),
    arithmetic,
    run: (inputs, sizes, signal) => client().call(operation, inputs, sizes, signal),
    remote: {
      ready: () => client().ready(),
      ...(times ? { time: (inputs, sizes, request, signal) => client().time(operation, inputs, sizes, request, signal) } : {}),
    },
  };
}
