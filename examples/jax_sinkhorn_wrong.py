"""The planted fault of jax_sinkhorn.py: the scan runs once too little, 18 times after the first half-step and not 19. Every sum is as right as before."""
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

    return jax.lax.scan(iteration, x, length=ITERATIONS - 2)[0]
