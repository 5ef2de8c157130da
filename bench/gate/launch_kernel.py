"""The kernel of bench/launch-power.ts: plain Python, without a framework. WORK is the work in per cent of once through all tokens; with TWO_WAYS a launch does 60 % more by the toss of a coin, as a compiler that
goes one of two ways."""
import array
import os

import plumbline_worker as plumbline

work = int(os.environ.get("WORK", "100"))
if os.environ.get("TWO_WAYS") and os.urandom(1)[0] % 2 == 1:
    work = work * 8 // 5


@plumbline.kernel("stream-read", arithmetic="ieee-f64", framework="none")
def stream_read(pre_mapping, streams, sizes):
    tokens, n, channels = sizes["tokens"], sizes["streams"], sizes["channels"]
    if tokens == 0:
        return plumbline.Tensor("f64", (tokens, channels), b"")
    pre, x = memoryview(pre_mapping.data).cast("B").cast("d"), memoryview(streams.data).cast("B").cast("d")
    out = array.array("d", bytes(8 * tokens * channels))
    for turn in range(tokens * work // 100):
        b = turn % tokens
        for c in range(channels):
            total = 0.0
            for i in range(n):
                total += pre[b * n + i] * x[(b * n + i) * channels + c]
            out[b * channels + c] = total
    return plumbline.Tensor("f64", (tokens, channels), memoryview(out).cast("B"))
