/**
 * A file in memory that plumbline and one worker process share, by an inherited descriptor. It has no name (O_TMPFILE), or loses it before anybody uses
 * it, so that nothing is left behind however either process ends. It is written over and over: pages that exist cost a copy and no more.
 */
import { closeSync, constants, existsSync, fstatSync, ftruncateSync, mkdtempSync, openSync, readSync, rmSync, writeSync, writevSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { TargetUnusable } from '../outcome.ts';

/** Files up to this size are emptied between calls, in bytes. */
const emptied = 2 ** 20;
const spoilt = new Uint8Array(64).fill(0xff);

const linuxTemporaryFile = 0o20200000; // O_TMPFILE of linux on x86-64 and arm64

export class RamFile {
  readonly fd: number;

  constructor() {
    this.fd = openUnnamed();
  }

  /** Writes the parts from the start of the file and returns their length in bytes. Throws `TargetUnusable`. */
  write(parts: readonly Uint8Array[]): number {
    const length = parts.reduce((sum, part) => sum + part.byteLength, 0);
    let position = 0;
    let rest = parts.filter((part) => part.byteLength > 0);
    while (rest.length > 0) {
      const written = this.writeSome(rest, position);
      position += written;
      rest = after(rest, written);
    }
    return length;
  }

  /** No kernel is to blame for a folder that is full. */
  private writeSome(parts: readonly Uint8Array[], position: number): number {
    try {
      return writevSync(this.fd, parts, position);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new TargetUnusable(`A call's inputs cannot be written to memory under ${ramFolder()}: ${reason}.`, `Make room in ${ramFolder()}, or enlarge it; containers often have 64 MiB (docker run --shm-size=1g).`, { cause: error });
    }
  }

  /** Bytes that the file holds. */
  get size(): number {
    return fstatSync(this.fd).size;
  }

  /** The first `length` bytes; fewer when the file is shorter. */
  read(length: number): Uint8Array {
    const bytes = new Uint8Array(Buffer.allocUnsafeSlow(Math.min(length, this.size)).buffer); // every byte is read or cut off
    let position = 0;
    while (position < bytes.length) {
      const got = readSync(this.fd, bytes, position, bytes.length - position, position);
      if (got === 0) return bytes.subarray(0, position);
      position += got;
    }
    return bytes;
  }

  /**
   * Forgets what the file holds, so that an old answer cannot be taken for a new one. A small file is emptied. A large one keeps its pages, whose renewal
   * costs as much as the copy: its head is spoilt, so that it is no safetensors file, and its end, so that an answer that stops short ends in NaNs in every dtype.
   */
  forget(): void {
    const { size } = this;
    if (size <= emptied) return ftruncateSync(this.fd, 0);
    writeSync(this.fd, spoilt, 0, spoilt.length, 0);
    writeSync(this.fd, spoilt, 0, spoilt.length, size - spoilt.length);
  }

  close(): void {
    closeSync(this.fd);
  }
}

/** What is left of some parts when the first `count` bytes are gone. */
function after(parts: readonly Uint8Array[], count: number): Uint8Array[] {
  let skipped = count;
  return parts.flatMap((part) => {
    const skip = Math.min(skipped, part.byteLength);
    skipped -= skip;
    return skip === part.byteLength ? [] : [part.subarray(skip)];
  });
}

/** The folder that lies in memory where the system has one. */
export function ramFolder(): string {
  return existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
}

function openUnnamed(): number {
  if (process.platform === 'linux') {
    try {
      return openSync(ramFolder(), linuxTemporaryFile | constants.O_RDWR, 0o600);
    } catch {
      // a file system without O_TMPFILE: named for a moment
    }
  }
  const folder = mkdtempSync(join(ramFolder(), 'plumbline-'));
  try {
    return openSync(join(folder, 'tensors'), 'wx+', 0o600);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
