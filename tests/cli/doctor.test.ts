import { expect, it } from 'vitest';

import { formatDiagnosis } from '../../src/cli/doctor-command.ts';
import { probeGpu, probeSystem, type Diagnosis } from '../../src/cli/probe.ts';
import { createStyle } from '../../src/report/style.ts';
import { folderWith, plumbline } from './cli.ts';

it('says what can run here, as JSON too', async () => {
  const text = await plumbline(folderWith(), ['doctor']);
  expect(text.stdout).toMatch(/Ready: \d of \d built-in targets can run \(reference/);
  expect(text.code).toBe(0);
  const { stdout, code } = await plumbline(folderWith(), ['doctor', '--json']);
  const { findings, ready } = JSON.parse(stdout) as Diagnosis;
  expect(ready).toBe(true);
  expect(code).toBe(0);
  expect(findings.find(({ name }) => name === 'node')).toMatchObject({ status: 'good', detail: process.version });
  for (const { kind, status, remedy } of findings) {
    if (kind === 'target' && status !== 'good') expect(remedy).toMatch(/\S/);
  }
  // an installation by npm ci has no addon of the native packages; whoever built one has it, or lacks a library or a Node that doctor then names
  for (const native of findings.filter(({ kind, name, status }) => kind === 'target' && name.startsWith('tfjs-node') && status !== 'good')) {
    expect(native.detail).toMatch(/is not installed|without its native addon \(tfjs_binding\.node\)|without the package|needs \S+, a part of libtensorflow|libtensorflow sees no GPU: \S+|has no util\./);
    expect(native.remedy).toMatch(/npm (install|rebuild) |Install (the NVIDIA driver|CUDA|cuDNN)|Node 20 or 22/);
  }
});

it('says which Node is too old', () => {
  expect(probeSystem('20.18.3')[1]).toMatchObject({ status: 'bad', remedy: 'plumbline needs Node 20.19 or later.' });
  expect(probeSystem('20.19.0')[1]!.status).toBe('good');
  expect(probeSystem('24.0.0')[1]!.status).toBe('good');
});

it('shows findings with their remedies', () => {
  const diagnosis: Diagnosis = {
    plumbline: '0.1.0', ready: false, verdict: 'Not ready: no built-in target can run.',
    findings: [
      { kind: 'system', name: 'node', status: 'good', detail: 'v20.20.2' },
      { kind: 'target', name: 'tfjs-node', status: 'missing', detail: 'The package is not installed.', remedy: 'Install it.' },
    ],
  };
  expect(formatDiagnosis(diagnosis, createStyle(false))).toMatchInlineSnapshot(`
    "System
      ✓ node       v20.20.2

    Targets
      – tfjs-node  The package is not installed.
                   Install it.

    Not ready: no built-in target can run."
  `);
});

it('describes the adapter, and says what to do where there is none', async () => {
  const about = { vendor: 'mesa', architecture: 'software', device: 'llvmpipe', driver: 'Mesa 25', fallback: true };
  const found = await probeGpu(() => Promise.resolve({ about, features: ['timestamp-query'], limits: { maxBufferSize: 4096 } }));
  expect(found).toMatchObject([
    { name: 'adapter', status: 'good', detail: 'llvmpipe (mesa, software), in software', remedy: expect.stringContaining('Vulkan driver') as string },
    { name: 'driver', detail: 'Mesa 25' },
    { name: 'features', detail: 'timestamp-query' },
    { name: 'limits', detail: 'maxBufferSize 4096' },
  ]);
  expect(await probeGpu(() => Promise.resolve({ about: { ...about, fallback: false }, features: [], limits: {} }))).toMatchObject([{ detail: 'llvmpipe (mesa, software)' }, {}, { detail: 'none of those that are used here' }, {}]);
  expect(await probeGpu(() => Promise.resolve({ fault: 'no-adapter', reason: 'None.', remedy: 'Install one.' }))).toEqual([{ kind: 'gpu', name: 'adapter', status: 'missing', detail: 'None.', remedy: 'Install one.' }]);
  expect(await probeGpu(() => Promise.resolve({ fault: 'no-dawn', reason: 'None.', remedy: undefined }))).toEqual([]);
});
