"""Sinkhorn in Triton, forward and backward, one program for a block of matrices: plumbline verify examples/triton_sinkhorn.py

Needs torch and triton, and a GPU, or TRITON_INTERPRET=1 for a slow run without one. The backward kernel walks the iterates that the forward kernel saved.

Arithmetic: on NVIDIA `tl.exp` of f32 is ex2.approx of a rounded product, and `/` is div.full.f32, off by up to 2 ULP: what nvcc does with -use_fast_math. With tl.div_rn and
libdevice's exp it would be cuda-f32.
"""
import plumbline_worker as plumbline
import torch
import triton
import triton.language as tl

ITERATIONS, EPSILON = 20, 1e-6
DIALECT = {"preset": "tilekernels", "iterations": ITERATIONS, "epsilon": EPSILON}
DEVICE = "cuda" if torch.cuda.is_available() else "cpu"


@triton.jit
def place_of(tokens, N: tl.constexpr, P: tl.constexpr, BLOCK: tl.constexpr):
    """Where the entries [BLOCK, P, P] of this program's matrices are, which of them belong to a matrix, and which to one that is there. P is N up to a power of two, at least 2."""
    token = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)[:, None, None]
    row = tl.arange(0, P)[None, :, None]
    column = tl.arange(0, P)[None, None, :]
    inside = (row < N) & (column < N)
    return token * (N * N) + row * N + column, inside, inside & (token < tokens)


@triton.jit(do_not_specialize=["tokens"])
def forward_kernel(logits, out, history, tokens, N: tl.constexpr, P: tl.constexpr, BLOCK: tl.constexpr, T: tl.constexpr, EPS: tl.constexpr, SAVE: tl.constexpr):
    """logits [tokens, N, N] → out. With SAVE the matrix before each of the 2T − 1 half-steps goes to history [2T, tokens, N, N], and the softmax after them."""
    place, inside, there = place_of(tokens, N, P, BLOCK)
    stride = tokens.to(tl.int64) * N * N
    x = tl.load(logits + place, mask=there, other=0.0)
    largest = tl.max(tl.where(inside, x, float("-inf")), axis=2, keep_dims=True)
    x = tl.where(inside, tl.exp(x - largest), 0.0)
    x = tl.where(inside, x / tl.sum(x, axis=2, keep_dims=True), 0.0)
    if SAVE:
        tl.store(history + (2 * T - 1) * stride + place, x, mask=there)
    x = tl.where(inside, x + EPS, 0.0)
    if SAVE:
        tl.store(history + place, x, mask=there)
    x = x / (tl.sum(x, axis=1, keep_dims=True) + EPS)
    for step in range(1, T):
        if SAVE:
            tl.store(history + (2 * step - 1) * stride + place, x, mask=there)
        x = x / (tl.sum(x, axis=2, keep_dims=True) + EPS)
        if SAVE:
            tl.store(history + (2 * step) * stride + place, x, mask=there)
        x = x / (tl.sum(x, axis=1, keep_dims=True) + EPS)
    tl.store(out + place, x, mask=there)


@triton.jit
def through(g, x, inside, AXIS: tl.constexpr, EPS: tl.constexpr):
    """The cotangent of x from that of y = x / (Σ x + ε)."""
    divisor = tl.sum(x, axis=AXIS, keep_dims=True) + EPS
    return tl.where(inside, (g - tl.sum(g * (x / divisor), axis=AXIS, keep_dims=True)) / divisor, 0.0)


@triton.jit(do_not_specialize=["tokens"])
def backward_kernel(history, cotangent, gradient, tokens, N: tl.constexpr, P: tl.constexpr, BLOCK: tl.constexpr, T: tl.constexpr, EPS: tl.constexpr):
    """history [2T, tokens, N, N], cotangent [tokens, N, N] → gradient [tokens, N, N]: the half-steps in reverse, then the softmax."""
    place, inside, there = place_of(tokens, N, P, BLOCK)
    stride = tokens.to(tl.int64) * N * N
    g = tl.load(cotangent + place, mask=there, other=0.0)
    for back in range(1, T):
        step = T - back
        g = through(g, tl.load(history + (2 * step) * stride + place, mask=there, other=0.0), inside, 1, EPS)
        g = through(g, tl.load(history + (2 * step - 1) * stride + place, mask=there, other=0.0), inside, 2, EPS)
    g = through(g, tl.load(history + place, mask=there, other=0.0), inside, 1, EPS)
    softmax = tl.load(history + (2 * T - 1) * stride + place, mask=there, other=0.0)
    tl.store(gradient + place, softmax * (g - tl.sum(g * softmax, axis=2, keep_dims=True)), mask=there)


def layout(logits):
    """The grid and the sizes of a launch."""
    tokens, n, _ = logits.shape
    padded = max(2, triton.next_power_of_2(n))
    block = max(1, 2048 // (padded * padded))
    return (triton.cdiv(tokens, block),), {"N": n, "P": padded, "BLOCK": block, "T": ITERATIONS, "EPS": EPSILON}


@plumbline.kernel("sinkhorn", dialect=DIALECT, arithmetic="cuda-fastmath", framework="torch", device=DEVICE)
def sinkhorn(logits):
    """[B, n, n] → [B, n, n]."""
    out = torch.empty_like(logits)
    grid, sizes = layout(logits)
    forward_kernel[grid](logits, out, out, logits.shape[0], SAVE=False, **sizes)
    return out


@plumbline.kernel("sinkhorn-vjp", dialect=DIALECT, arithmetic="cuda-fastmath", framework="torch", device=DEVICE)
def sinkhorn_vjp(logits, cotangent):
    """[B, n, n], [B, n, n] → the gradient of the logits [B, n, n]."""
    out, gradient = torch.empty_like(logits), torch.empty_like(logits)
    history = torch.empty((2 * ITERATIONS, *logits.shape), dtype=logits.dtype, device=logits.device)
    grid, sizes = layout(logits)
    forward_kernel[grid](logits, out, history, logits.shape[0], SAVE=True, **sizes)
    backward_kernel[grid](history, cotangent, gradient, logits.shape[0], **sizes)
    return gradient
