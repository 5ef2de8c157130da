/**
 * One damaged file, read as plumbline reads it: it must be refused with a `bad-file` that has a message, or read with exactly the values that a second, plain reader finds in its bytes. What
 * the reading allocates is measured.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';

import type { Certificate } from '../../src/certify/certificate.ts';
import { readCertificate } from '../../src/certify/certificate-file.ts';
import { checkCertificate, DamagedFile } from '../../src/certify/checker/check.ts';
import { networkMethods } from '../../src/certify/checker/network.ts';
import { boundCheckpoint } from '../../src/certify/checkpoint/bound-checkpoint.ts';
import { openCheckpoint, rawTensor } from '../../src/certify/checkpoint/file.ts';
import { inTotoStatement } from '../../src/certify/in-toto.ts';
import { digestOf } from '../../src/certify/issue.ts';
import { readOutputs } from '../../src/certify/outputs/read-outputs.ts';
import { decodeSafetensors, PlumblineError, Random } from '../../src/index.ts';
import { baseFiles } from './base-files.ts';
import { fileMutations, mutateJson, mutateText } from './mutate.ts';

/** How a file ended. `memory` is what the array buffers and the heap grew by while it was read, in bytes. */
export interface Ended {
  readonly reader: string;
  readonly kind: string;
  readonly outcome: 'refused' | 'read' | 'WRONG';
  /** Why it is wrong. */
  readonly why?: string;
  readonly bytes: number;
  readonly memory: { readonly buffers: number; readonly heap: number };
}

/** Largest growth of array buffers for a file of so many bytes: each byte is read once (1), and 16-bit numbers become f64 (4), for at most two tensors at a time with their product; and one page of zod, paths, buffers of the file system. */
export const buffersAllowed = (bytes: number): number => 12 * bytes + 2 ** 16;
/** Largest growth of the heap, garbage included: the header as text, as JSON, as messages; a constant for what a reader makes of an empty file, compiled code among it. */
export const heapAllowed = (bytes: number): number => 64 * bytes + 2 ** 23;

class Wrong extends Error {}
const must = (condition: boolean, why: string): void => {
  if (!condition) throw new Wrong(why);
};

const base = await baseFiles();
const kinds = Object.keys(fileMutations);

type Reader = (random: Random, folder: string) => { kind: string; bytes: number; read: () => void };

function mutated(file: Buffer, random: Random): { kind: string; bytes: Buffer } {
  const kind = kinds[random.integer(0, kinds.length - 1)]!;
  const once = fileMutations[kind]!(file, random);
  return { kind, bytes: once };
}

/** Readers with how often each is drawn; what is slow, seldom. */
const readers: readonly (readonly [weight: number, name: string, reader: Reader])[] = [
  [50, 'safetensors', (random) => {
    const { kind, bytes } = mutated(random.integer(0, 1) === 0 ? base.checkpoint : base.outputs, random);
    const [share, skip] = [random.integer(0, 1) === 0, random.integer(0, 1) === 0];
    return { kind, bytes: bytes.length, read: () => {
      const { tensors } = decodeSafetensors(bytes, share, skip);
      const plain = plainEntries(bytes);
      for (const [name, { dtype, shape, data }] of Object.entries(tensors)) {
        const found = plain.get(name);
        must(found !== undefined && found.dtype === dtype.toUpperCase() && isDeepStrictEqual(found.shape, shape), `'${name}' is not in the file as it was read`);
        must(found!.data.equals(Buffer.from(data.buffer, data.byteOffset, data.byteLength)), `the values of '${name}' are not those of the file`);
      }
      if (!skip) must(Object.keys(tensors).length === plain.size, 'a tensor was lost');
    } };
  }],
  [20, 'checkpoint', (random, folder) => {
    const { kind, bytes } = mutated(base.checkpoint, random);
    const path = join(folder, 'one.safetensors');
    writeFileSync(path, bytes);
    return { kind, bytes: bytes.length, read: () => readCheckpoint(path, new Map([[path, bytes]])) };
  }],
  [6, 'shards', (random, folder) => {
    const [first, second] = base.shards;
    const which = random.integer(0, 2);
    const one = mutated(first, random);
    const index = which === 1 ? mutateText(base.index, random) : JSON.stringify(mutateJson(JSON.parse(base.index), random));
    const inside = join(folder, 'shards');
    mkdirSync(inside, { recursive: true });
    const files = new Map([[join(inside, 'a.safetensors'), which === 0 ? one.bytes : first], [join(inside, 'b.safetensors'), second]]);
    for (const [path, content] of files) writeFileSync(path, content);
    writeFileSync(join(inside, 'model.safetensors.index.json'), which === 0 ? base.index : index);
    const size = [...files.values()].reduce((sum, { length }) => sum + length, index.length);
    return { kind: which === 0 ? one.kind : 'the index', bytes: size, read: () => readCheckpoint(join(inside, 'model.safetensors.index.json'), files) };
  }],
  [6, 'outputs', (random, folder) => {
    const { kind, bytes } = mutated(base.outputs, random);
    const path = join(folder, 'outputs.safetensors');
    writeFileSync(path, bytes);
    return { kind, bytes: bytes.length, read: () => {
      const { values, tensor } = readOutputs(path, undefined);
      must(values.every(Number.isFinite), 'a value is not finite');
      must(values.byteLength > 0 && plainEntries(bytes).has(tensor), 'it read what is not in the file');
    } };
  }],
  [14, 'certificate', (random, folder) => {
    const { kind, text } = mutatedCertificate(random, random.integer(0, 1) === 0 ? base.certificate : base.inputs);
    const path = join(folder, 'certificate.json');
    writeFileSync(path, text);
    return { kind, bytes: Buffer.byteLength(text), read: () => {
      const certificate = readCertificate(path);
      const written = JSON.parse(text) as { predicate?: unknown };
      const said = 'predicate' in written ? written.predicate : written;
      must(isDeepStrictEqual(plainJson(certificate), said), `the certificate is not what the file says: ${differences(plainJson(certificate), said)}`);
      must(digestOf(certificate) === certificate.digest, 'its digest does not fit');
    } };
  }],
  [4, 'checker', (random) => {
    const swap = random.integer(0, 3) === 0;
    const { kind, bytes } = swap ? mutated(base.outputs, random) : { kind: '', bytes: base.outputs };
    const about = swap || random.integer(0, 1) === 0 ? base.certificate : base.inputs;
    const given = about === base.certificate ? [bytes] : [];
    const forged = swap ? undefined : mutatedCertificate(random, about);
    const text = forged?.text ?? JSON.stringify(base.certificate);
    return { kind: forged?.kind ?? `tensors: ${kind}`, bytes: bytes.length + Buffer.byteLength(text), read: () => {
      const { refused, claims } = checkCertificate(text, given, networkMethods);
      if (refused !== undefined || claims.some(({ verdict }) => verdict !== 'holds') || claims.length === 0) {
        const reason = refused ?? claims.find(({ verdict }) => verdict !== 'holds')?.reason ?? 'no claims';
        must(reason.length > 0, 'it gives no reason');
        throw new DamagedFile(reason);
      }
      must(bytes.equals(base.outputs), 'other tensors were confirmed');
      const parsed = JSON.parse(text) as { predicate?: Certificate } & Certificate;
      must(saysTheSame(parsed.predicate ?? parsed, about), `a claim was confirmed that nobody made: ${differences(about, parsed.predicate ?? parsed)}`);
    } };
  }],
];
const total = readers.reduce((sum, [weight]) => sum + weight, 0);

/** A certificate as a file somebody damaged, or forged with a digest that fits. */
function mutatedCertificate(random: Random, certificate: Certificate): { kind: string; text: string } {
  const subject = random.integer(0, 3) === 0 ? inTotoStatement(certificate) : certificate;
  switch (random.integer(0, 3)) {
    case 0: return { kind: 'its text', text: mutateText(JSON.stringify(subject), random) };
    case 1: return { kind: 'one value', text: JSON.stringify(mutateJson(subject, random)) };
    case 2: return { kind: 'its bytes', text: flip(JSON.stringify(subject), random) };
    default: {
      const forged = mutateJson(certificate, random) as Certificate;
      return { kind: 'one value, digest made to fit', text: JSON.stringify({ ...forged, digest: fittingDigest(forged, certificate.digest) }) };
    }
  }
}

/** What has no canonical bytes has no digest either; then it stays as it was. */
function fittingDigest(forged: Certificate, otherwise: string): string {
  try {
    return digestOf(forged);
  } catch {
    return otherwise;
  }
}

function flip(text: string, random: Random): string {
  const bytes = Buffer.from(text);
  for (let flips = 1 + random.integer(0, 2); flips > 0; flips--) bytes[random.integer(0, bytes.length - 1)]! ^= 1 << random.integer(0, 7);
  return bytes.toString('utf8');
}

/** Whether all claims are those of the certificate that was issued, apart from what only the issuer can know, and from evidence: another vector may show the same. */
function saysTheSame(certificate: Certificate, about: Certificate): boolean {
  const word = ({ id: _id, place: _place, seed: _seed, parameters: { vector: _vector, ...parameters }, ...claim }: Certificate['claims'][number]): object => plainJson({ ...claim, parameters });
  const claims = about.claims.map(word);
  // the name of what is no file is a label
  const digests = (one: Certificate): string[] => one.subject.map(({ digest: { sha256 } }) => sha256);
  return isDeepStrictEqual(digests(certificate), digests(about)) && certificate.claims.every((claim) => claims.some((ours) => isDeepStrictEqual(word(claim), ours)));
}

/** The paths at which two values differ, a few of them. */
function differences(one: unknown, other: unknown, path = ''): string {
  if (isDeepStrictEqual(one, other)) return '';
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return ` ${path}: ${JSON.stringify(one)} and ${JSON.stringify(other)}`.slice(0, 300);
  const [a, b] = [one as Record<string, unknown>, other as Record<string, unknown>];
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].map((key) => differences(a[key], b[key], `${path}.${key}`)).join('').slice(0, 1000);
}

const plainJson = (value: object): object => JSON.parse(JSON.stringify(value)) as object;

function readCheckpoint(path: string, files: ReadonlyMap<string, Buffer>): void {
  const tensors = openCheckpoint(path);
  for (const [name, place] of tensors) {
    const found = plainEntries(files.get(place.file)!).get(name);
    must(found !== undefined && found.data.equals(rawTensor(place)), `the bytes of '${name}' are not those of the file`);
  }
  const { composite, sublayers } = boundCheckpoint({ path, samples: 0, seed: 1 })!;
  const numbers = [composite.forward, composite.backward, composite.twoNorm, ...sublayers.flatMap(({ bounds }) => [bounds.twoNorm, bounds.secondSingularValue, bounds.radius])];
  must(numbers.every((value) => value >= 0), `a bound is no number: ${numbers.join(', ')}`);
}

/** The entries of a file by the format's own definition, without any check. */
function plainEntries(bytes: Buffer): Map<string, { dtype: string; shape: number[]; data: Buffer }> {
  const start = 8 + Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.toString('utf8', 8, start)) as Record<string, { dtype: string; shape: number[]; data_offsets: [number, number] }>;
  return new Map(Object.entries(header).filter(([name]) => name !== '__metadata__').map(([name, { dtype, shape, data_offsets: [from, to] }]) => [name, { dtype, shape, data: bytes.subarray(start + from, start + to) }]));
}

/** Trial `index` of a seed: the same damage, and the same end, whatever ran before. Files lie in `folder`. */
export function trial(seed: number, index: number, folder: string): Ended {
  const random = new Random(seed, index);
  let draw = random.integer(0, total - 1);
  const [, name, reader] = readers.find(([weight]) => (draw -= weight) < 0)!;
  const { kind, bytes, read } = reader(random, folder);
  const before = process.memoryUsage();
  let outcome: Ended['outcome'] = 'read';
  let why: string | undefined;
  try {
    read();
  } catch (error) {
    const refused = error instanceof PlumblineError ? error.code === 'bad-file' && error.message.length > 20 : error instanceof DamagedFile && error.message.length > 0;
    outcome = refused ? 'refused' : 'WRONG';
    if (!refused) why = error instanceof Wrong ? error.message : error instanceof Error ? (error.stack ?? error.message) : String(error);
  }
  const after = process.memoryUsage();
  const memory = { buffers: after.arrayBuffers - before.arrayBuffers, heap: after.heapUsed - before.heapUsed };
  if (outcome !== 'WRONG' && !(memory.buffers <= buffersAllowed(bytes) && memory.heap <= heapAllowed(bytes))) [outcome, why] = ['WRONG', `it took ${memory.buffers} bytes of buffers and ${memory.heap} of the heap`];
  return { reader: name, kind, outcome, ...(why === undefined ? {} : { why }), bytes, memory };
}

/** A folder for the files of trials; `use` is called with it, and it is gone afterwards. */
export function inFolder<T>(use: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'plumbline-mutated-'));
  try {
    return use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

