/**
 * The three copies of a worker's call without the call, in their turn: this process writes a file in memory, another copies it into a second one (python/copies.py), this one
 * reads that. Their memory is then as a call's is, neither in the caches nor mapped by the copy before. The messages between them are not counted.
 */
import { spawn, type ChildProcess } from 'node:child_process';

import { pythonWorker } from '../src/targets/worker/python.ts';
import { RamFile } from '../src/targets/worker/ram-file.ts';

export class CopyExchange {
  private readonly bytes: Uint8Array;
  private readonly inputs = new RamFile();
  private readonly outputs = new RamFile();
  private readonly child: ChildProcess;
  private answered: (line: string) => void = () => undefined;

  constructor(bytes: Uint8Array, script: string) {
    this.bytes = bytes;
    for (const file of [this.inputs, this.outputs]) file.write([bytes]);
    const { command, env } = pythonWorker(script);
    this.child = spawn(command[0]!, [script, String(bytes.length)], { env: { ...process.env, ...env }, stdio: ['pipe', 'pipe', 'inherit', this.inputs.fd, this.outputs.fd] });
    this.child.stdout!.setEncoding('utf8').on('data', (line: string) => this.answered(line));
  }

  /** Milliseconds of the three copies, `count` times. */
  async times(count: number): Promise<number[]> {
    const times: number[] = [];
    for (let i = 0; i < count; i++) {
      const start = performance.now();
      this.inputs.write([this.bytes]);
      const written = performance.now();
      const answer = new Promise<string>((resolve) => (this.answered = resolve));
      this.child.stdin!.write('.');
      const there = Number(await answer);
      const reading = performance.now();
      this.outputs.read(this.bytes.length);
      times.push(written - start + there + performance.now() - reading);
    }
    return times;
  }

  close(): void {
    this.child.stdin!.end();
    for (const file of [this.inputs, this.outputs]) file.close();
  }
}
