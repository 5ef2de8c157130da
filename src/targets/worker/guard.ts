/**
 * Ends a worker's process group when plumbline is gone without having done so: after SIGKILL, or a crash of Node itself. A shell waits at a pipe whose other end
 * plumbline alone holds; the system closes that end however plumbline ends. So no worker needs to watch over its parent, in whatever language it is.
 */
import { spawn } from 'node:child_process';

const script = 'read -r _; kill -s KILL -- "-$0"';

export interface Guard {
  /** The group has ended. */
  dismiss(): void;
}

/** Watches over the group of a process that was just started as the head of one. */
export function startGuard(group: number): Guard {
  const shell = spawn('/bin/sh', ['-c', script, String(group)], { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
  shell.on('error', () => undefined); // without a shell the worker sees the end of its stdin
  shell.stdin.on('error', () => undefined);
  return { dismiss: () => void shell.kill('SIGKILL') };
}
