/** The page of the worker protocol is true: its examples are messages that plumbline takes or sends, and its tables name what there is. */
import { readFileSync } from 'node:fs';

import { expect, test } from 'vitest';

import { errorSchema, failureNames, helloMessage, helloSchema, protocolVersion, resultSchema, runMessage, shutdownMessage, timeMessage, timingSchema } from '../../src/targets/worker/protocol.ts';
import { resolveKernels } from '../../src/targets/worker/target.ts';
import { decodeSafetensors, safetensorsParts } from '../../src/tensor/safetensors.ts';
import { tensor } from '../../src/tensor/tensor.ts';

const page = readFileSync(new URL('../../docs/worker-protocol.md', import.meta.url), 'utf8');

function examples(of: string): Record<string, unknown>[] {
  return [...page.matchAll(new RegExp(`\`\`\`json ${of}\\n([^\`]+)\n\`\`\``, 'g'))].map((match) => JSON.parse(match[1]!) as Record<string, unknown>);
}

test('every block says whose message it is', () => {
  expect(page.match(/```json/g)).toHaveLength(examples('plumbline').length + examples('worker').length + examples('header').length);
});

test('plumbline takes the messages that the page has from workers', () => {
  const schemas = { hello: helloSchema, error: errorSchema, result: resultSchema };
  const messages = examples('worker');
  expect(new Set(messages.map(({ type }) => type))).toEqual(new Set(Object.keys(schemas)));
  for (const message of messages) expect(('samples' in message ? timingSchema : schemas[message['type'] as keyof typeof schemas]).safeParse(message).error).toBeUndefined();
  expect(messages.filter((message) => 'samples' in message)).toHaveLength(1);
  const hello = helloSchema.parse(messages.find(({ type }) => type === 'hello'));
  expect(hello.protocol).toBe(protocolVersion);
  expect(resolveKernels('page', hello.kernels)).toHaveLength(1);
});

test('plumbline sends the messages that the page has from it', () => {
  const [hello, run, timed, shutdown] = examples('plumbline');
  const sent = JSON.parse(JSON.stringify(helloMessage('0.1.0'))) as { operations: Record<string, unknown> };
  expect({ ...sent, operations: { sinkhorn: sent.operations['sinkhorn'] } }).toEqual(hello);
  const sizes = { tokens: 2, streams: 4, channels: 1, depth: 1 };
  const logits = tensor(new Float64Array(32), [2, 4, 4]);
  const bytes = safetensorsParts({ logits }).reduce((sum, part) => sum + part.length, 0);
  expect(JSON.parse(JSON.stringify(runMessage(7, 'sinkhorn', sizes, run!['bytes'] as number)))).toEqual(run);
  const request = { samples: 400, sampleMs: 0.15, warmCalls: 300, warmMs: 150, limitMs: 300, cache: 'warm', processor: 41 } as const;
  expect(timeMessage(9, 'sinkhorn', sizes, timed!['bytes'] as number, request)).toEqual(timed);
  expect(shutdownMessage).toEqual(shutdown);
  const header = JSON.stringify(examples('header')[0]);
  const padded = new TextEncoder().encode(header.padEnd(Math.ceil(header.length / 8) * 8));
  const file = new Uint8Array(8 + padded.length + 128);
  new DataView(file.buffer).setBigUint64(0, BigInt(padded.length), true);
  file.set(padded, 8);
  expect(decodeSafetensors(file).tensors['logits']).toEqual(logits);
  expect(run!['bytes']).toBe(bytes);
});

test('the tables and limits are those of the code', () => {
  for (const name of ['ok', ...failureNames]) expect(page).toContain(`\`${name}\``);
  expect(page).toContain(`# The worker protocol, version ${protocolVersion}`);
});
