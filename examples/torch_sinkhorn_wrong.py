"""The planted fault of torch_sinkhorn.py: the sums are taken for constants in the backward pass. Forward it is right to the last bit, and training still goes down."""
import plumbline_worker as plumbline

ITERATIONS, EPSILON = 20, 1e-6


@plumbline.kernel("sinkhorn", dialect={"preset": "tilekernels", "iterations": ITERATIONS}, arithmetic="ieee-f32", framework="torch", differentiable=True)
def sinkhorn(logits):
    x = logits.softmax(dim=-1) + EPSILON
    x = x / (x.sum(dim=-2, keepdim=True) + EPSILON)
    for _ in range(ITERATIONS - 1):
        x = x / (x.sum(dim=-1, keepdim=True) + EPSILON).detach()
        x = x / (x.sum(dim=-2, keepdim=True) + EPSILON).detach()
    return x
