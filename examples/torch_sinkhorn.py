"""Sinkhorn in torch, forward and, through autograd, backward: plumbline verify examples/torch_sinkhorn.py

On a GPU give device="cuda" and arithmetic="cuda-f32".
"""
import plumbline_worker as plumbline

ITERATIONS, EPSILON = 20, 1e-6


@plumbline.kernel("sinkhorn", dialect={"preset": "tilekernels", "iterations": ITERATIONS}, arithmetic="ieee-f32", framework="torch", differentiable=True)
def sinkhorn(logits):
    """[B, n, n] → [B, n, n]: softmax over rows, then columns and rows in turn, columns last."""
    x = logits.softmax(dim=-1) + EPSILON
    x = x / (x.sum(dim=-2, keepdim=True) + EPSILON)
    for _ in range(ITERATIONS - 1):
        x = x / (x.sum(dim=-1, keepdim=True) + EPSILON)
        x = x / (x.sum(dim=-2, keepdim=True) + EPSILON)
    return x
