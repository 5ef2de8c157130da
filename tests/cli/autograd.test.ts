/** differentiable=True: the -vjp of every operation through torch's autograd, also of one with an output that has no cotangent. */
import { expect, it } from 'vitest';

import { pythonWith } from '../python.ts';
import { folderWith, plumbline } from './cli.ts';

const kernels = `
import torch
import plumbline_worker as plumbline

def differentiable(operation, **options):
    return plumbline.kernel(operation, arithmetic="ieee-f32", framework="torch", differentiable=True, **options)

@differentiable("stream-read")
def stream_read(pre_mapping, streams):
    return torch.einsum("bi,bic->bc", pre_mapping, streams)

@differentiable("stream-write", dialect={"orientation": "plain"})
def stream_write(residual_mapping, post_mapping, streams, layer_output):
    return residual_mapping @ streams + post_mapping[:, :, None] * layer_output[:, None, :]

@differentiable("stack", dialect={"orientation": "plain"})
def stack(residual_mappings, streams):
    tokens, depth, n, _ = residual_mappings.shape
    composite = torch.eye(n).expand(tokens, n, n)
    for layer in range(depth):
        composite, streams = residual_mappings[:, layer] @ composite, residual_mappings[:, layer] @ streams
    return composite, streams
`;

it('autograd serves the gradients of reading, writing and stacks', async () => {
  const args = ['verify', 'kernels.py', '--python', pythonWith('torch'), '--property', '*-parity,*adjoint,depth/stack-euler', '--runs', '2', '--seed', '1', '--reporter', 'json', '--output-file', '-'];
  const { code, stdout } = await plumbline(folderWith({ 'kernels.py': kernels }), args);
  const { results } = JSON.parse(stdout) as { results: { property: string; status: string; reason?: string }[] };
  expect(results.filter(({ status }) => status !== 'passed')).toEqual([]);
  expect(results.map(({ property }) => property)).toEqual(expect.arrayContaining(['streams/read-vjp-parity', 'streams/write-vjp-parity', 'depth/stack-vjp-parity']));
  expect(code).toBe(0);
});
