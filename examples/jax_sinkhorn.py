"""Sinkhorn in jax, compiled, forward and backward: plumbline verify examples/jax_sinkhorn.py

XLA's exponential is not correctly rounded: the kernel declares what it needs, 4 units of the unit roundoff (2 ULP) where IEEE's libm has 2.
"""
import jax
import jax.numpy as jnp
import plumbline_worker as plumbline

ITERATIONS, EPSILON = 20, 1e-6


@plumbline.kernel("sinkhorn", dialect={"preset": "tilekernels", "iterations": ITERATIONS}, arithmetic="cuda-f32", framework="jax", differentiable=True)
@jax.jit
def sinkhorn(logits):
    """[B, n, n] → [B, n, n]."""
    x = jax.nn.softmax(logits, axis=-1) + EPSILON
    x = x / (jnp.sum(x, axis=-2, keepdims=True) + EPSILON)

    def iteration(x, _):
        x = x / (jnp.sum(x, axis=-1, keepdims=True) + EPSILON)
        return x / (jnp.sum(x, axis=-2, keepdims=True) + EPSILON), None

    return jax.lax.scan(iteration, x, length=ITERATIONS - 1)[0]
