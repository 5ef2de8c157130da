"""Peers of the WGSL kernels: Sinkhorn of n = 4 by Triton and by CUDA (sinkhorn.cu), and PyTorch's copy, timed by CUDA events.

    python3 bench/peers/peers.py [matrices ...]

One line of JSON for each kernel and size: median milliseconds of a call over 30 samples of as many calls as take a millisecond, and the largest relative error against f64.
Needs a CUDA device, PyTorch, Triton and nvcc.
"""
import ctypes
import json
import pathlib
import subprocess
import sys
import tempfile

import torch
import triton
import triton.language as tl

EPSILON = 1e-6
ITERATIONS = 20


@triton.jit
def sinkhorn_kernel(logits, result, matrices, EPS: tl.constexpr, T: tl.constexpr, BLOCK: tl.constexpr):
    """A block of matrices as one [BLOCK, 4, 4] tile, normalised as a whole: the style of the public Triton kernels."""
    batch = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    i = tl.arange(0, 4)
    at = batch[:, None, None] * 16 + i[None, :, None] * 4 + i[None, None, :]
    inside = (batch < matrices)[:, None, None]
    m = tl.load(logits + at, mask=inside, other=0.0)
    m = tl.exp(m - tl.max(m, axis=2, keep_dims=True))
    m = m / tl.sum(m, axis=2, keep_dims=True) + EPS
    m = m / (tl.sum(m, axis=1, keep_dims=True) + EPS)
    for _ in range(T - 1):
        m = m / (tl.sum(m, axis=2, keep_dims=True) + EPS)
        m = m / (tl.sum(m, axis=1, keep_dims=True) + EPS)
    tl.store(result + at, m, mask=inside)


def by_triton(logits, result, block=64, warps=4):
    matrices = logits.shape[0]
    sinkhorn_kernel[(triton.cdiv(matrices, block),)](logits, result, matrices, EPSILON, ITERATIONS, block, num_warps=warps)


def cuda_kernel():
    library = pathlib.Path(tempfile.mkdtemp()) / "sinkhorn.so"
    source = pathlib.Path(__file__).with_name("sinkhorn.cu")
    subprocess.run(["nvcc", "-O3", "-arch=native", "-shared", "-Xcompiler", "-fPIC", "-o", str(library), str(source)], check=True)
    launch = ctypes.CDLL(str(library)).launch
    launch.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_long, ctypes.c_int, ctypes.c_void_p]

    def by_cuda(logits, result):
        launch(logits.data_ptr(), result.data_ptr(), logits.shape[0], ITERATIONS, torch.cuda.current_stream().cuda_stream)

    return by_cuda


def expected(logits):
    m = torch.softmax(logits.double(), dim=-1) + EPSILON
    m = m / (m.sum(-2, keepdim=True) + EPSILON)
    for _ in range(ITERATIONS - 1):
        m = m / (m.sum(-1, keepdim=True) + EPSILON)
        m = m / (m.sum(-2, keepdim=True) + EPSILON)
    return m


def milliseconds(call, samples=30):
    begin, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)

    def once(calls):
        begin.record()
        for _ in range(calls):
            call()
        end.record()
        end.synchronize()
        return begin.elapsed_time(end) / calls

    once(3)
    calls = max(1, int(1 / once(10)))
    # launched from a graph where there are many: Python's own time is nobody's kernel
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        for _ in range(calls):
            call()
    graph.replay()
    times = []
    for _ in range(samples):
        begin.record()
        graph.replay()
        end.record()
        end.synchronize()
        times.append(begin.elapsed_time(end) / calls)
    return sorted(times)[samples // 2]


def main():
    sizes = [int(size) for size in sys.argv[1:]] or [2**16, 2**20, 2**24]
    kernels = {"copy": lambda logits, result: result.copy_(logits), "cuda": cuda_kernel()}
    for block, warps in [(32, 4), (64, 4), (128, 4), (256, 8)]:
        kernels[f"triton {block} matrices, {warps} warps"] = lambda logits, result, block=block, warps=warps: by_triton(logits, result, block, warps)
    torch.manual_seed(1)
    for matrices in sizes:
        logits = torch.randn(matrices, 4, 4, device="cuda")
        result = torch.empty_like(logits)
        truth = expected(logits[:65536])
        for name, kernel in kernels.items():
            ms = milliseconds(lambda: kernel(logits, result))
            error = None if name == "copy" else float(((result[:65536].double() - truth) / truth).abs().max())
            print(json.dumps({"device": torch.cuda.get_device_name(), "kernel": name, "matrices": matrices, "ms": ms, "matrices_per_s": matrices / ms * 1e3, "error": error}), flush=True)


if __name__ == "__main__":
    main()
