"""The planted fault of numpy_mixing.py: the mapping is applied as it stands where its transpose is declared. Row sums and column sums of H are both 1, so that means and norms look right."""
import numpy as np
import plumbline_worker as plumbline


@plumbline.kernel("stream-write", dialect={"orientation": "transposed"}, arithmetic="ieee-f32")
def stream_write(residual_mapping, post_mapping, streams, layer_output):
    mixed = np.einsum("bij,bjc->bic", residual_mapping, streams)
    return mixed + post_mapping[:, :, None] * layer_output[:, None, :]
