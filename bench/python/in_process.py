"""The same function called in a loop, without plumbline: seconds a call of [tokens, 4, 4], median. python3 in_process.py TOKENS CALLS"""
import statistics
import sys
import time

import numpy as np
from numpy_sinkhorn import sinkhorn

tokens, calls = int(sys.argv[1]), int(sys.argv[2])
logits = np.random.default_rng(1).normal(size=(tokens, 4, 4)).astype(np.float32) * 2
times = []
for _ in range(calls):
    start = time.perf_counter()
    sinkhorn(logits)
    times.append(time.perf_counter() - start)
print(statistics.median(times))
