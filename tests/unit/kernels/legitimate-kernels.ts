/** Legitimate kernels in two halves, which take minutes each: that of the layers is among the slow tests. */
import { expect } from 'vitest';

import { legitimate } from '../../../fixtures/legitimate/index.ts';
import type { OperationId } from '../../../src/operations/operation.ts';
import type { KernelDeclaration } from '../../../src/targets/kernel.ts';
import { misbehaviour } from './misbehaviour.ts';

type Case = readonly [name: string, operation: OperationId, kernel: KernelDeclaration];

const all: readonly Case[] = Object.entries(legitimate).flatMap(([name, { kernels }]) => Object.entries(kernels).map(([operation, kernel]) => [name, operation as OperationId, kernel] as const));
const ofMappings = /^(sinkhorn|mappings|stream)/;

export function legitimateKernels(half: 'mappings' | 'layers'): Case[] {
  return all.filter(([, operation]) => ofMappings.test(operation) === (half === 'mappings'));
}

export async function keepsItsPromises(_name: string, operation: OperationId, kernel: KernelDeclaration): Promise<void> {
  expect(await misbehaviour(operation, kernel, { recipes: 4 })).toBeUndefined();
}
