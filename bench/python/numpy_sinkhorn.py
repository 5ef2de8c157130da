"""Sinkhorn in numpy, as somebody would write it (dialect tilekernels)."""
import numpy as np
import plumbline_worker as plumbline

EPSILON = np.float32(1e-6)


@plumbline.kernel("sinkhorn", dialect="tilekernels", arithmetic="ieee-f32", streams=[4], framework="numpy")
def sinkhorn(logits):  # [tokens, streams, streams]
    x = np.exp(logits - logits.max(-1, keepdims=True))
    x = x / x.sum(-1, keepdims=True) + EPSILON
    x = x / (x.sum(-2, keepdims=True) + EPSILON)
    for _ in range(19):
        x = x / (x.sum(-1, keepdims=True) + EPSILON)
        x = x / (x.sum(-2, keepdims=True) + EPSILON)
    return x
