"""Column sums of the numpy Sinkhorn by Hypothesis: matrices checked a second, one matrix a case and batches of them. python3 hypothesis_sinkhorn.py SECONDS"""
import json
import sys
import time

import numpy as np
from hypothesis import HealthCheck, given, settings, strategies as st
from hypothesis.extra import numpy as hnp
from numpy_sinkhorn import sinkhorn

seconds = float(sys.argv[1])
finite = st.floats(-30, 30, width=32)


def check(logits):
    # the tolerance is Hypothesis's user's: a guess, which is not what is measured here
    assert np.all(np.abs(sinkhorn(logits).sum(-2) - 1) <= 1e-4)


def matrices_a_second(strategy, matrices, examples):
    done = 0

    @settings(max_examples=examples, database=None, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(strategy)
    def claim(drawn):
        nonlocal done
        check(drawn)
        done += matrices

    start = time.perf_counter()
    while time.perf_counter() - start < seconds:
        claim()
    return done / (time.perf_counter() - start)


def seeded(seed):
    return np.random.default_rng(seed).normal(size=(1024, 4, 4)).astype(np.float32) * 2


print(json.dumps({
    "hnp.arrays, one matrix a case": matrices_a_second(hnp.arrays(np.float32, (1, 4, 4), elements=finite, fill=st.nothing()), 1, 100),
    "hnp.arrays, 32 matrices a case": matrices_a_second(hnp.arrays(np.float32, (32, 4, 4), elements=finite, fill=st.nothing()), 32, 100),
    "hnp.arrays, 1024 matrices a case, mostly its fill value": matrices_a_second(hnp.arrays(np.float32, (1024, 4, 4), elements=finite), 1024, 100),
    "a seed for numpy, 1024 matrices a case (nothing shrinks)": matrices_a_second(st.integers(0, 2**32 - 1).map(seeded), 1024, 100),
}))
