"""The stream operations in numpy: plumbline verify examples/numpy_mixing.py

n streams of C channels; the residual mapping is applied transposed, as DeepSeek's kernels do.
"""
import numpy as np
import plumbline_worker as plumbline


@plumbline.kernel("stream-read", arithmetic="ieee-f32")
def stream_read(pre_mapping, streams):
    """[B, n], [B, n, C] → the layer's input [B, C]."""
    return np.einsum("bi,bic->bc", pre_mapping, streams)


@plumbline.kernel("stream-write", dialect={"orientation": "transposed"}, arithmetic="ieee-f32")
def stream_write(residual_mapping, post_mapping, streams, layer_output):
    """[B, n, n], [B, n], [B, n, C], [B, C] → the next streams [B, n, C]: H^T x + post · out."""
    return np.einsum("bji,bjc->bic", residual_mapping, streams) + post_mapping[:, :, None] * layer_output[:, None, :]
