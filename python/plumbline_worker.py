# /// script
# requires-python = ">=3.9"
# ///
"""Serves Python kernels to plumbline: numpy, torch, jax or cupy, on any device.

    # kernels.py — run:  plumbline verify kernels.py
    import plumbline_worker as plumbline

    @plumbline.kernel("sinkhorn", dialect="tilekernels", arithmetic="cuda-f32", framework="torch", device="cuda")
    def sinkhorn(logits):              # [tokens, streams, streams]
        return my_triton_sinkhorn(logits)

A kernel gets its inputs by the names of the operation's ports, in snake_case (``residual_mapping``) or as they are (``residualMapping``), or in
their order when its parameters are called something else. A parameter called ``sizes`` gets ``{"tokens", "streams", "channels", "depth"}``. It returns
its output, a tuple of outputs in the ports' order, or a dict by port name.

Only the standard library is imported here; a framework is imported when a kernel asks for it. The protocol is docs/worker-protocol.md, version 1.
"""
from __future__ import annotations

import contextlib
import functools
import importlib
import importlib.util
import inspect
import json
import math
import mmap
import os
import platform
import re
import shlex
import shutil
import signal
import struct
import subprocess
import sys
import time
import traceback
from typing import Any, Callable, Dict, Iterator, List, Mapping, Optional, Sequence, Tuple, Union

__version__ = "1.0.0"
__all__ = ["kernel", "serve", "pytest_cases", "Tensor"]

PROTOCOL = 1
INPUTS_FD = 3
OUTPUTS_FD = 4
FRAMEWORKS = ("numpy", "torch", "jax", "cupy", "none")
_BYTES = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2}
_DTYPES = {"F64": "f64", "F32": "f32", "F16": "f16", "BF16": "bf16"}
_NAMES = {short: name for name, short in _DTYPES.items()}
#: A kernel must not change its inputs. Where the system does not say who wrote to a page, up to this many bytes of them are compared after every call, more after every eighth.
_ALWAYS_COMPARED = 1 << 20
_MADV_POPULATE_READ = 22


class KernelError(Exception):
    """A mistake in a kernel's declaration or in what it returned; ``outcome`` is a name of the protocol."""

    def __init__(self, message: str, outcome: str = "failed") -> None:
        super().__init__(message)
        self.outcome = outcome


class Tensor:
    """Raw elements without a framework: ``dtype`` is f64, f32, f16 or bf16, ``data`` little-endian bytes, row-major."""

    def __init__(self, dtype: str, shape: Sequence[int], data: Union[bytes, memoryview]) -> None:
        self.dtype, self.shape, self.data = dtype, tuple(shape), data


#: How a kernel gets its inputs: its positional and its named arguments, from the values by port and the sizes.
_Binder = Callable[[Mapping[str, Any], Mapping[str, int]], Tuple[List[Any], Dict[str, Any]]]


class _Kernel:
    """A declared function. ``forward`` is set on the backward kernel that a framework's autograd serves."""

    def __init__(self, operation: str, run: Callable[..., Any], options: Dict[str, Any]) -> None:
        self.operation, self.run, self.options = operation, run, options
        self.framework: Optional[str] = options.pop("framework")
        self.device: Optional[str] = options.pop("device")
        self.forward: Optional[_Kernel] = None
        self.calls = 0
        self.binder: Optional[_Binder] = None
        #: How many processors it kept busy on average when it was last warmed up.
        self.processors = math.inf

    @property
    def name(self) -> str:
        return f"{getattr(self.run, '__name__', 'kernel')} ({self.operation})"

    def declaration(self) -> Dict[str, Any]:
        return {"operation": self.operation, **self.options}


_kernels: Dict[str, _Kernel] = {}
_served = False


def kernel(
    operation: str,
    *,
    arithmetic: Union[str, Mapping[str, Any]],
    dialect: Union[str, Mapping[str, Any], None] = None,
    dtypes: Optional[Mapping[str, str]] = None,
    streams: Optional[Sequence[int]] = None,
    framework: Optional[str] = None,
    device: Optional[str] = None,
    differentiable: bool = False,
    batch_invariant: bool = True,
    deterministic: bool = True,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Declares a function to be the kernel of an operation. It gets tensors, row-major, tokens first, and returns tensors (B tokens, n streams, C channels, D sublayers):

    sinkhorn             logits [B,n,n] → residual_mapping [B,n,n]
    mappings             streams [B,n,C], projection [n²+2n,nC], scales [3], biases [n²+2n], norm_weight [nC] → pre_mapping [B,n], post_mapping [B,n], residual_mapping [B,n,n]
    stream-read          pre_mapping [B,n], streams [B,n,C] → layer_input [B,C]
    stream-write         residual_mapping [B,n,n], post_mapping [B,n], streams [B,n,C], layer_output [B,C] → next_streams [B,n,C]
    stack                residual_mappings [B,D,n,n], streams [B,n,C] → composite [B,n,n], final_streams [B,n,C]
    expand               hidden [B,C] → streams [B,n,C]
    head                 streams [B,n,C], head_projection [n,nC], head_scale [1], head_biases [n] → collapsed [B,C]
    layer                streams [B,n,C], projection [n²+2n,nC], scales [3], biases [n²+2n], norm_weight [nC], inner_weight [C] → next_streams [B,n,C]
    layer-stack          streams [B,n,C], projections [D,n²+2n,nC], scales [D,3], biases [D,n²+2n], norm_weights [D,nC], inner_weights [D,C] → final_streams [B,n,C]
    single-pass          streams [B,n,C], projections [D,n²+2n,nC], scales [D,3], biases [D,n²+2n], norm_weights [D,nC], inner_weights [D,C] → final_streams [B,n,C], collapsed [B,C]
    cayley               logits [B,n,n] → residual_mapping [B,n,n]
    hyper-connection     logits [B,n,n], static_mapping [B,n,n], gate [B] → residual_mapping [B,n,n]
    kronecker            factor_logits [B,log2 n] → residual_mapping [B,n,n]
    permutation-mixture  weight_logits [B,n!] → residual_mapping [B,n,n]
    plain-residual       residual [B,C], layer_output [B,C] → next_residual [B,C]
    …-vjp                the same and a cotangent for each output → the gradient of each input, in their order, summed over tokens where all tokens share it

    Logits are natural logarithms; no input has another unit. Example:

        @plumbline.kernel("stream-read", arithmetic="ieee-f32")
        def stream_read(pre_mapping, streams):
            return np.einsum("bi,bic->bc", pre_mapping, streams)

    operation        such as ``sinkhorn``, ``stream-write``, ``sinkhorn-vjp``
    arithmetic       how it rounds: a preset (``ieee-f32``, ``cuda-f32``, ``bf16-storage`` …) or a preset with fields of its own
    dialect          what it computes: a preset (``tilekernels`` …) or fields; the operation's default when absent
    dtypes           dtypes of single ports where they differ from the arithmetic's storage: ``{"streams": "bf16"}``
    streams          the stream counts that it supports, all of 1…16 when absent
    framework        what its tensors are: numpy, torch, jax or cupy; none for ``Tensor`` objects (default: numpy if installed, else none)
    device           where they lie: ``cuda``, ``cuda:1``, ``cpu``
    differentiable   also serves ``<operation>-vjp``, by the framework's autograd (torch, jax)
    batch_invariant  it promises the same bits for a token wherever it stands
    deterministic    it promises the same bits on every call
    """
    if not isinstance(operation, str) or arithmetic is None:
        raise TypeError("kernel() needs an operation and an arithmetic: @plumbline.kernel('sinkhorn', arithmetic='ieee-f32')")
    if framework is not None and framework not in FRAMEWORKS:
        raise ValueError(f"framework={framework!r} is not one of {', '.join(FRAMEWORKS)}")
    if differentiable and framework not in ("torch", "jax"):
        raise ValueError(f"differentiable=True needs framework='torch' or 'jax': {framework or 'numpy'} has no autograd. Write the '{operation}-vjp' kernel by hand.")

    def register(run: Callable[..., Any]) -> Callable[..., Any]:
        options: Dict[str, Any] = {
            "arithmetic": arithmetic, "dialect": dialect, "dtypes": dict(dtypes) if dtypes else None, "streams": list(streams) if streams else None,
            "batchInvariant": batch_invariant, "deterministic": deterministic,
        }
        options = {key: value for key, value in options.items() if value is not None}
        forward = _Kernel(operation, run, {**options, "framework": framework, "device": device})
        _add(forward)
        if differentiable:
            backward = _Kernel(f"{operation}-vjp", run, {**options, "framework": framework, "device": device})
            backward.forward = forward
            _add(backward)
        return run

    return register


def _add(added: _Kernel) -> None:
    if added.operation in _kernels:
        raise ValueError(f"two kernels for '{added.operation}': {_kernels[added.operation].name} and {added.name}. A file has one kernel for each operation.")
    _kernels[added.operation] = added


# --- tensors -----------------------------------------------------------------------------------------------------------------------------------


def _read_safetensors(buffer: memoryview) -> Dict[str, Tensor]:
    (length,) = struct.unpack_from("<Q", buffer, 0)
    header = json.loads(bytes(buffer[8 : 8 + length]))
    data = buffer[8 + length :]
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        start, end = entry["data_offsets"]
        tensors[name] = Tensor(_DTYPES[entry["dtype"]], entry["shape"], data[start:end])
    return tensors


def _write_safetensors(fd: int, tensors: Mapping[str, Tensor]) -> int:
    """Writes the file from its start and returns its length in bytes."""
    header: Dict[str, Any] = {}
    offset = 0
    ordered = sorted(tensors.items(), key=lambda item: -_BYTES[_NAMES[item[1].dtype]])  # wide types first: aligned
    for name, tensor in ordered:
        size = math.prod(tensor.shape) * _BYTES[_NAMES[tensor.dtype]]
        if memoryview(tensor.data).nbytes != size:
            raise KernelError(f"'{name}' has {memoryview(tensor.data).nbytes} bytes; {tensor.dtype} {list(tensor.shape)} takes {size}.", "wrong-shape")
        header[name] = {"dtype": _NAMES[tensor.dtype], "shape": list(tensor.shape), "data_offsets": [offset, offset + size]}
        offset += size
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    mapped = _mapped(fd, 8 + len(text) + offset) if offset > _ALWAYS_COMPARED else None
    position = 0
    for part in [struct.pack("<Q", len(text)) + text, *(tensor.data for _, tensor in ordered)]:
        view = memoryview(part)
        if view.nbytes > 0 and view.format != "B":
            view = view.cast("B")
        if mapped is not None:
            mapped[position : position + view.nbytes] = view
            position += view.nbytes
            continue
        while view.nbytes > 0:
            written = os.pwrite(fd, view, position)
            position += written
            view = view[written:]
    return position


_maps: Dict[int, mmap.mmap] = {}


def _mapped(fd: int, size: int) -> mmap.mmap:
    """The file in memory, at least so long: a copy into its pages costs half of a write to it. Raises OSError where the memory is not there."""
    if os.fstat(fd).st_size < size:
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(fd, 0, size)  # or a full /dev/shm would be a SIGBUS
        else:
            os.ftruncate(fd, size)
    known = _maps.get(fd)
    if known is None or len(known) < size:
        if known is not None:
            known.close()
        known = _maps[fd] = mmap.mmap(fd, size)
    return known


class _WallClock:
    """Times calls by the clock of the host. ``finish`` waits for what a call began."""

    name = "wall"

    def __init__(self, finish: Callable[[Any], None]) -> None:
        self.finish = finish

    def time(self, run: Callable[[], Any], calls: int) -> float:
        """Milliseconds that so many calls took."""
        self.finish(None)
        started = time.perf_counter_ns()
        returned = None
        for _ in range(calls):
            returned = run()
        self.finish(returned)
        return (time.perf_counter_ns() - started) / 1e6


class _EventClock:
    """Times calls by events of the device's own. ``make`` makes an event, ``elapsed`` tells the milliseconds between two."""

    name = "device"

    def __init__(self, make: Callable[[], Any], elapsed: Callable[[Any, Any], float]) -> None:
        self.make, self.elapsed = make, elapsed

    def time(self, run: Callable[[], Any], calls: int) -> float:
        """Milliseconds that so many calls took."""
        start, end = self.make(), self.make()
        start.record()
        for _ in range(calls):
            run()
        end.record()
        end.synchronize()
        return float(self.elapsed(start, end))


#: Larger than caches of processors, and than those of devices.
_HOST_CACHE, _DEVICE_CACHE = 1 << 27, 1 << 28


class _Numpy:
    """numpy arrays. bf16 is ``ml_dtypes.bfloat16`` where that is installed, else the 16-bit patterns as uint16; a kernel may return either."""

    name = "numpy"
    #: Its inputs are the memory of ``_Server.inputs`` itself.
    shares_memory = True
    #: A kernel could change them.
    mutable = True

    def __init__(self, device: Optional[str]) -> None:
        self.np = importlib.import_module("numpy")
        self.types = {"f64": self.np.dtype("<f8"), "f32": self.np.dtype("<f4"), "f16": self.np.dtype("<f2"), "bf16": self.np.dtype("<u2")}
        if importlib.util.find_spec("ml_dtypes") is not None:
            self.types["bf16"] = self.np.dtype(importlib.import_module("ml_dtypes").bfloat16)

    def put(self, tensor: Tensor) -> Any:
        if math.prod(tensor.shape) == 0:
            return self.np.empty(tensor.shape, self.types[tensor.dtype])
        return self.np.frombuffer(tensor.data, dtype=self.types[tensor.dtype]).reshape(tensor.shape)

    def get(self, value: Any, expected: str, what: str) -> Tensor:
        array = self.np.asarray(value, order="C")
        found = next((short for short, kind in self.types.items() if array.dtype == kind), None)
        if found is None and expected == "bf16" and array.dtype == self.np.dtype("<u2"):
            found = expected
        if found is None:
            raise KernelError(f"{what} has dtype {array.dtype}, declared is {expected}.", "wrong-dtype")
        return Tensor(found, array.shape, array.reshape(-1).view(self.np.uint8).data if array.size > 0 else b"")

    def synchronize(self) -> None:
        pass

    def clock(self) -> Any:
        return _WallClock(lambda returned: self.synchronize())

    def copying(self, count: int) -> Optional[Callable[[], Any]]:
        """What copies so many bytes where the kernel runs; None where that is not here."""
        start, end = self.np.ones(count, self.np.uint8), self.np.empty(count, self.np.uint8)
        return lambda: self.np.copyto(end, start)

    def evicting(self) -> Callable[[], Any]:
        """What drives everything else out of the caches."""
        other = self.np.zeros(_HOST_CACHE, self.np.uint8)
        return lambda: other.__iadd__(1)

    def memory(self) -> int:
        """Bytes that were held at most."""
        return _resident()

    def about(self) -> Dict[str, Any]:
        return {"numpy": self.np.__version__}

    def vjp(self, run: Callable[..., Any], inputs: List[Any], cotangents: List[Any]) -> List[Any]:
        raise KernelError(f"{self.name} has no autograd")


class _Torch:
    """torch tensors, bf16 and f16 as such."""

    name = "torch"
    mutable = True

    def __init__(self, device: Optional[str]) -> None:
        self.torch = importlib.import_module("torch")
        torch = self.torch
        self.device = torch.device(device or "cpu")
        self.shares_memory = self.device.type == "cpu"
        self.types = {"f64": torch.float64, "f32": torch.float32, "f16": torch.float16, "bf16": torch.bfloat16}

    def put(self, tensor: Tensor) -> Any:
        if math.prod(tensor.shape) == 0:
            return self.torch.empty(tensor.shape, dtype=self.types[tensor.dtype], device=self.device)
        flat = self.torch.frombuffer(tensor.data, dtype=self.types[tensor.dtype])
        return flat.reshape(tensor.shape).to(self.device)

    def get(self, value: Any, expected: str, what: str) -> Tensor:
        if not self.torch.is_tensor(value):
            raise KernelError(f"{what} is a {type(value).__name__}, not a torch tensor.", "wrong-dtype")
        found = next((short for short, kind in self.types.items() if value.dtype == kind), None)
        if found is None:
            raise KernelError(f"{what} has dtype {value.dtype}, declared is {expected}.", "wrong-dtype")
        shape = tuple(value.shape)
        host = value.detach().contiguous().cpu().reshape(-1)
        if host.numel() == 0:
            return Tensor(found, shape, b"")
        kept = host.view(self.torch.uint8)
        try:
            return Tensor(found, shape, kept.numpy().data)
        except RuntimeError:  # this torch was built or is installed without numpy
            return Tensor(found, shape, bytes(kept.tolist()))

    def synchronize(self) -> None:
        if self.device.type == "cuda":
            self.torch.cuda.synchronize(self.device)

    def clock(self) -> Any:
        if self.device.type != "cuda":
            return _WallClock(lambda returned: self.synchronize())
        return _EventClock(lambda: self.torch.cuda.Event(enable_timing=True), lambda start, end: start.elapsed_time(end))

    def copying(self, count: int) -> Optional[Callable[[], Any]]:
        start, end = (self.torch.ones(count, dtype=self.torch.uint8, device=self.device) for _ in range(2))
        return lambda: end.copy_(start)

    def evicting(self) -> Callable[[], Any]:
        other = self.torch.zeros(_DEVICE_CACHE if self.device.type == "cuda" else _HOST_CACHE, dtype=self.torch.uint8, device=self.device)
        return lambda: other.add_(1)

    def memory(self) -> int:
        return int(self.torch.cuda.max_memory_allocated(self.device)) if self.device.type == "cuda" else _resident()

    def about(self) -> Dict[str, Any]:
        about = {"torch": self.torch.__version__}
        if self.device.type == "cuda":
            about["device"] = self.torch.cuda.get_device_name(self.device)
            about["cuda"] = str(self.torch.version.cuda)
        return about

    def vjp(self, run: Callable[..., Any], inputs: List[Any], cotangents: List[Any]) -> List[Any]:
        leaves = [value.detach().clone().requires_grad_(True) for value in inputs]
        outputs = run(*leaves)
        outputs = list(outputs) if isinstance(outputs, (tuple, list)) else [outputs]
        gradients = self.torch.autograd.grad(outputs, leaves, grad_outputs=cotangents, allow_unused=True)
        return [self.torch.zeros_like(leaf) if gradient is None else gradient for leaf, gradient in zip(leaves, gradients)]


class _Jax(_Numpy):
    """jax arrays. A kernel cannot change them; it may donate them."""

    name = "jax"
    shares_memory = False
    mutable = False

    def __init__(self, device: Optional[str]) -> None:
        super().__init__(device)
        self.jax = importlib.import_module("jax")
        kind, _, index = (device or "").partition(":")
        self.device = self.jax.devices({"cuda": "gpu"}.get(kind, kind))[int(index or 0)] if device else None

    def put(self, tensor: Tensor) -> Any:
        if tensor.dtype == "f64" and not self.jax.config.jax_enable_x64:
            raise KernelError("jax computes in f32 unless jax.config.update('jax_enable_x64', True) comes first; a kernel of f64 needs it.", "wrong-dtype")
        return self.jax.device_put(super().put(tensor), self.device)

    def get(self, value: Any, expected: str, what: str) -> Tensor:
        return super().get(self.np.asarray(value), expected, what)

    def clock(self) -> Any:
        return _WallClock(self.jax.block_until_ready)  # it has no events; calls run in their order

    def copying(self, count: int) -> Optional[Callable[[], Any]]:
        start = self.jax.device_put(self.np.ones(count, self.np.uint8), self.device)
        copy = self.jax.jit(lambda x: self.jax.numpy.bitwise_xor(x, 1))  # a plain copy would be no work: arrays never change
        return lambda: copy(start)

    def evicting(self) -> Callable[[], Any]:
        other = self.jax.device_put(self.np.zeros(_DEVICE_CACHE, self.np.uint8), self.device)
        add = self.jax.jit(lambda x: x + 1)
        return lambda: add(other).block_until_ready()

    def about(self) -> Dict[str, Any]:
        return {"jax": self.jax.__version__, "device": str(self.device or self.jax.devices()[0])}

    def vjp(self, run: Callable[..., Any], inputs: List[Any], cotangents: List[Any]) -> List[Any]:
        outputs, pull = self.jax.vjp(run, *inputs)
        return list(pull(tuple(cotangents) if isinstance(outputs, tuple) else cotangents[0]))


class _Cupy(_Numpy):
    """cupy arrays. It has no bf16: those are 16-bit patterns as uint16."""

    name = "cupy"
    shares_memory = False

    def __init__(self, device: Optional[str]) -> None:
        super().__init__(device)
        self.types["bf16"] = self.np.dtype("<u2")
        self.cupy = importlib.import_module("cupy")
        self.index = int((device or "cuda:0").partition(":")[2] or 0)
        self.cupy.cuda.Device(self.index).use()

    def put(self, tensor: Tensor) -> Any:
        return self.cupy.asarray(super().put(tensor))

    def get(self, value: Any, expected: str, what: str) -> Tensor:
        return super().get(self.cupy.asnumpy(value), expected, what)

    def synchronize(self) -> None:
        self.cupy.cuda.Device(self.index).synchronize()

    def clock(self) -> Any:
        return _EventClock(self.cupy.cuda.Event, self.cupy.cuda.get_elapsed_time)

    def copying(self, count: int) -> Optional[Callable[[], Any]]:
        start, end = (self.cupy.ones(count, self.cupy.uint8) for _ in range(2))
        return lambda: self.cupy.copyto(end, start)

    def evicting(self) -> Callable[[], Any]:
        other = self.cupy.zeros(_DEVICE_CACHE, self.cupy.uint8)
        return lambda: other.__iadd__(1)

    def memory(self) -> int:
        return int(self.cupy.get_default_memory_pool().total_bytes())

    def about(self) -> Dict[str, Any]:
        return {"cupy": self.cupy.__version__, "device": self.cupy.cuda.runtime.getDeviceProperties(self.index)["name"].decode()}


class _Bare:
    """No framework: ``Tensor`` objects in and out."""

    name = "none"
    shares_memory = True
    mutable = True

    def put(self, tensor: Tensor) -> Any:
        return tensor

    def get(self, value: Any, expected: str, what: str) -> Tensor:
        if not isinstance(value, Tensor):
            raise KernelError(f"{what} is a {type(value).__name__}; without a framework a kernel returns plumbline_worker.Tensor.", "wrong-dtype")
        if value.dtype not in _NAMES:
            raise KernelError(f"{what} has dtype {value.dtype}, declared is {expected}.", "wrong-dtype")
        return value

    def synchronize(self) -> None:
        pass

    def clock(self) -> Any:
        return _WallClock(lambda returned: None)

    def copying(self, count: int) -> Optional[Callable[[], Any]]:
        start, end = memoryview(bytes(count)), memoryview(bytearray(count))

        def copy() -> None:
            end[:] = start

        return copy

    def evicting(self) -> Callable[[], Any]:
        return lambda: bytearray(_HOST_CACHE)[:]

    def memory(self) -> int:
        return _resident()

    def about(self) -> Dict[str, Any]:
        return {}


def _resident() -> int:
    """Bytes that this process had in memory at most."""
    import resource

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else 1024 * most


@functools.lru_cache(maxsize=None)
def _framework(name: Optional[str], device: Optional[str]) -> Any:
    if name is None:
        return _Numpy(device) if importlib.util.find_spec("numpy") is not None else _Bare()
    return {"numpy": _Numpy, "torch": _Torch, "jax": _Jax, "cupy": _Cupy, "none": lambda _: _Bare()}[name](device)


# --- calls -------------------------------------------------------------------------------------------------------------------------------------


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)([A-Z])", lambda match: "_" + match.group(1).lower(), name)


def _binder_of(kernel: _Kernel, ports: Sequence[str]) -> _Binder:
    """By name where the function's parameters have the ports' names, else in their order."""
    declared = inspect.signature(kernel.run).parameters
    wants_sizes = "sizes" in declared
    parameters = [p for p in declared.values() if p.name != "sizes"]
    by_name = {**{_snake(port): port for port in ports}, **{port: port for port in ports}}

    def extra(sizes: Mapping[str, int]) -> Dict[str, Any]:
        return {"sizes": dict(sizes)} if wants_sizes else {}

    if parameters and all(p.name in by_name for p in parameters):
        wanted = [(p.name, by_name[p.name]) for p in parameters]
        return lambda values, sizes: ([], {**{name: values[port] for name, port in wanted}, **extra(sizes)})
    takes_all = any(p.kind == p.VAR_POSITIONAL for p in parameters)
    positional = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    required = [p for p in positional if p.default is p.empty]
    if not takes_all and not len(required) <= len(ports) <= len(positional):
        raise KernelError(f"{kernel.name} has the parameters ({', '.join(p.name for p in parameters)}); the operation has the inputs ({', '.join(_snake(port) for port in ports)}).")
    return lambda values, sizes: ([values[port] for port in ports], extra(sizes))


def _outputs_of(value: Any, ports: Sequence[str], name: str) -> Dict[str, Any]:
    if isinstance(value, Mapping):
        known = {**{_snake(port): port for port in ports}, **{port: port for port in ports}}
        unknown = [key for key in value if key not in known]
        if unknown:
            raise KernelError(f"{name} returned '{unknown[0]}'; its outputs are {', '.join(ports)}.", "wrong-shape")
        return {known[key]: item for key, item in value.items()}
    items = list(value) if isinstance(value, (tuple, list)) else [value]
    if len(items) != len(ports):
        raise KernelError(f"{name} returned {len(items)} values; its outputs are {', '.join(ports)}.", "wrong-shape")
    return dict(zip(ports, items))


def _names(ports: Sequence[Mapping[str, Any]]) -> List[str]:
    return [port["name"] for port in ports]


class _Server:
    """Answers the calls. ``operations`` are the ports of every operation, from plumbline's hello."""

    def __init__(self, operations: Mapping[str, Any]) -> None:
        self.operations = operations
        self.inputs: Optional[mmap.mmap] = None

    def call(self, message: Mapping[str, Any]) -> Dict[str, Any]:
        found = _kernels.get(message["operation"])
        if found is None:
            raise KernelError(f"there is no kernel for '{message['operation']}' here.", "unsupported")
        found.calls += 1
        size = int(message["bytes"])
        inputs = self._map(size)
        framework = _framework(found.framework, found.device)
        operation = self.operations[found.operation]
        values = {name: framework.put(tensor) for name, tensor in inputs.items()}
        returned = self._run(found, framework, values, operation, message["sizes"])
        framework.synchronize()
        copied = _has_copies(self.inputs)
        due = size <= _ALWAYS_COMPARED or found.calls % 8 == 1
        if copied or (due and (copied is None or not framework.shares_memory)):
            self._refuse_changed(found, inputs, values, framework, size)
        outputs = _outputs_of(returned, _names(operation["outputs"]), found.name)
        dtypes = found.options.get("dtypes") or {}
        storage = next(iter(inputs.values())).dtype if inputs else "f32"
        tensors = {name: framework.get(value, dtypes.get(name, storage), f"{found.name}: output '{name}'") for name, value in outputs.items()}
        return {"outcome": "ok", "bytes": _write_safetensors(OUTPUTS_FD, tensors)}

    def time(self, message: Mapping[str, Any]) -> Dict[str, Any]:
        """Times a kernel on inputs that are put where it runs once. Warms it up, then takes samples of as many calls as last long enough."""
        found = _kernels.get(message["operation"])
        if found is None:
            raise KernelError(f"there is no kernel for '{message['operation']}' here.", "unsupported")
        size = int(message["bytes"])
        inputs = self._map(size)
        framework = _framework(found.framework, found.device)
        operation, sizes = self.operations[found.operation], message["sizes"]
        values = {name: framework.put(tensor) for name, tensor in inputs.items()}
        clock = framework.clock()
        run = lambda: self._run(found, framework, values, operation, sizes)  # noqa: E731
        cold = framework.evicting() if message["cache"] == "cold" else None
        number = message.get("processor")
        with _one_processor(number if number is not None and found.processors <= _ONE and clock.name == "wall" else None):
            warmed = [clock.time(run, 1)]
            started, busy = time.perf_counter(), time.process_time()
            until = started + message["warmMs"] / 1e3
            while len(warmed) < message["warmCalls"] and (len(warmed) < 2 or time.perf_counter() < until):
                warmed.append(clock.time(run, 1))
            if number is None:
                found.processors = (time.process_time() - busy) / max(time.perf_counter() - started, 1e-9)
            calls = max(1, math.ceil(message["sampleMs"] / max(sorted(warmed[-32:])[len(warmed[-32:]) // 2], 1e-6)))
            samples = _samples(clock, run, calls, cold, message["samples"], message["limitMs"])
            returned = _outputs_of(run(), _names(operation["outputs"]), found.name)
        self._refuse_changed(found, inputs, values, framework, size)
        dtypes = found.options.get("dtypes") or {}
        storage = next(iter(inputs.values())).dtype if inputs else "f32"
        written = sum(len(framework.get(value, dtypes.get(name, storage), f"{found.name}: output '{name}'").data) for name, value in returned.items())
        copy = framework.copying(max(1, (sum(len(tensor.data) for tensor in inputs.values()) + written) // 2))
        copied = [] if copy is None else _samples(clock, copy, max(1, calls if cold is None else 1), cold, 50, message["limitMs"] / 3)
        return {"outcome": "ok", "clock": clock.name, "calls": calls, "samples": samples, "copy": copied, "counts": {"memoryBytes": framework.memory()}}

    def _run(self, found: _Kernel, framework: Any, values: Mapping[str, Any], operation: Mapping[str, Any], sizes: Mapping[str, int]) -> Any:
        differentiated = found.forward
        if differentiated is None:
            if found.binder is None:
                found.binder = _binder_of(found, _names(operation["inputs"]))
            args, kwargs = found.binder(values, sizes)
            return found.run(*args, **kwargs)
        forward = self.operations[differentiated.operation]
        ports, outputs = _names(forward["inputs"]), _names(forward["outputs"])
        cotangents = [name for name in _names(operation["inputs"]) if name not in ports]
        bind = found.binder = found.binder or _binder_of(found, ports)
        # a cotangent is that of the output of its shape: of a stack's two outputs only the streams have one
        shapes = [port["dims"] for port in operation["inputs"] if port["name"] in cotangents]
        differentiable = outputs if len(outputs) == len(cotangents) else [port["name"] for port in forward["outputs"] if port["dims"] in shapes]

        def positional(*leaves: Any) -> Any:
            args, kwargs = bind(dict(zip(ports, leaves)), sizes)
            returned = _outputs_of(found.run(*args, **kwargs), outputs, found.name)
            ordered = tuple(returned[name] for name in differentiable)
            return ordered if len(ordered) > 1 else ordered[0]

        gradients = framework.vjp(positional, [values[port] for port in ports], [values[name] for name in cotangents])
        wanted = _names(operation["outputs"])
        return {f"{port}Gradient": gradient for port, gradient in zip(ports, gradients) if f"{port}Gradient" in wanted}

    def _map(self, size: int) -> Dict[str, Tensor]:
        if self.inputs is not None and size <= len(self.inputs) and _has_copies(self.inputs) is False:
            return _read_safetensors(memoryview(self.inputs)[:size])  # Linux: pages that nobody copied are those of the file, whatever it holds by now
        if self.inputs is not None:
            try:
                self.inputs.close()
            except BufferError:
                pass  # the kernel kept an input; its pages stay until it lets go
        # private: a kernel that writes to its inputs changes its own copy, which is then compared with the file
        self.inputs = mmap.mmap(INPUTS_FD, max(size, 1), flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ | mmap.PROT_WRITE)
        if size > _ALWAYS_COMPARED and sys.platform == "linux":
            try:
                self.inputs.madvise(_MADV_POPULATE_READ)
            except OSError:
                pass  # before Linux 5.14 the pages come one by one
        return _read_safetensors(memoryview(self.inputs)[:size])

    def _refuse_changed(self, found: _Kernel, inputs: Mapping[str, Tensor], values: Mapping[str, Any], framework: Any, size: int) -> None:
        if not framework.mutable or (framework.shares_memory and self.inputs is not None and _equals_file(self.inputs, size)):
            return
        original = _read_safetensors(memoryview(os.pread(INPUTS_FD, size, 0)))
        for name, value in values.items():
            seen = inputs[name] if framework.shares_memory else framework.get(value, inputs[name].dtype, f"input '{name}'")
            if bytes(seen.data) != bytes(original[name].data):
                raise KernelError(f"{found.name} changed its input '{name}'. Copy it first.")


#: Processors that one thread keeps busy, and what clocks of the system add to it.
_ONE = 1.05


@contextlib.contextmanager
def _one_processor(number: Optional[int]) -> Iterator[None]:
    """Keeps all threads on one of the processors that they may use, the same for the same number; on all of them where there is no number, or the system cannot."""
    if number is None or sys.platform != "linux":
        yield
        return
    allowed = os.sched_getaffinity(0)
    before = _move({sorted(allowed)[number % len(allowed)]}, {})
    try:
        yield
    finally:
        _move(allowed, before)


def _move(processors: Any, own: Mapping[int, Any]) -> Dict[int, Any]:
    """Moves every thread to the processors, or to its own of the mapping, and tells where each was: a framework may have placed its threads."""
    was: Dict[int, Any] = {}
    for thread in map(int, os.listdir("/proc/self/task")):
        with contextlib.suppress(OSError):  # it has ended, or may not be moved
            was[thread] = os.sched_getaffinity(thread)
            os.sched_setaffinity(thread, own.get(thread, processors))
    return was


def _samples(clock: Any, run: Callable[[], Any], calls: int, cold: Optional[Callable[[], Any]], most: int, limit_ms: float) -> List[float]:
    """Milliseconds of one call, in time order: at least five samples, and no more than the time allows."""
    samples: List[float] = []
    until = time.perf_counter() + limit_ms / 1e3
    while len(samples) < most and (len(samples) < 5 or time.perf_counter() < until):
        if cold is None:
            samples.append(clock.time(run, calls) / calls)
            continue
        spent = 0.0
        for _ in range(calls):
            cold()
            spent += clock.time(run, 1)
        samples.append(spent / calls)
    return samples


#: Of the last byte of a page's entry in /proc/self/pagemap: present or swapped (bits 63, 62), and no page of a file (bit 61).
_COPIED = bytes(1 if top & 0xC0 and not top & 0x20 else 0 for top in range(256))


def _has_copies(mapped: Optional[mmap.mmap]) -> Optional[bool]:
    """Whether somebody wrote to a private mapping, which the system sees in no time; None where it does not say (proc(5), pagemap)."""
    if sys.platform != "linux" or mapped is None:
        return None
    import ctypes

    pages = -(-len(mapped) // mmap.PAGESIZE)
    first = ctypes.c_char.from_buffer(mapped)
    address = ctypes.addressof(first)
    del first  # or the map cannot be closed
    try:
        with open("/proc/self/pagemap", "rb", buffering=0) as entries:
            found = os.pread(entries.fileno(), 8 * pages, address // mmap.PAGESIZE * 8)
    except OSError:
        return None
    tops = found[7::8]
    if len(tops) < pages or not any(tops):
        return None  # a system that fills in nothing
    return 1 in tops.translate(_COPIED)


def _equals_file(seen: mmap.mmap, size: int) -> bool:
    """Whether the private pages still hold what the file holds; without copying either."""
    import ctypes

    with mmap.mmap(INPUTS_FD, size) as original:
        left, right = ctypes.c_char.from_buffer(seen), ctypes.c_char.from_buffer(original)
        compare = ctypes.CDLL(None).memcmp
        compare.argtypes, compare.restype = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t], ctypes.c_int
        equal: bool = compare(ctypes.addressof(left), ctypes.addressof(right), size) == 0
        del left, right  # or the map cannot be closed
        return equal


#: After these a device's context gives errors for ever.
_FATAL = re.compile(r"CUDA ?_?error|CUDA(Runtime|Driver)Error|cudaError|Triton Error|HIP ?error|illegal memory access|device-side assert|XlaRuntimeError: INTERNAL", re.IGNORECASE)


def _failure(error: BaseException, operation: str) -> Dict[str, Any]:
    if isinstance(error, KernelError):
        return {"outcome": error.outcome, "message": str(error)}
    found = _kernels.get(operation)
    text = "".join(traceback.format_exception_only(type(error), error)).strip()
    traceback.print_exception(type(error), error, error.__traceback__, file=sys.stderr)
    message = f"{found.name if found is not None else operation}: {text}{_place(error, found)}"
    if isinstance(error, MemoryError) or "out of memory" in text.lower() or "OutOfMemory" in type(error).__name__:
        return {"outcome": "out-of-memory", "message": message}
    return {"outcome": "failed", "message": message, **({"fatal": True} if _FATAL.search(text) else {})}


def _place(error: BaseException, found: Optional[_Kernel]) -> str:
    """Where in the kernel's file it was raised."""
    file = getattr(getattr(found.run if found is not None else None, "__code__", None), "co_filename", None)
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
    return f" ({os.path.basename(frames[-1].filename)}:{frames[-1].lineno} in {frames[-1].name})" if frames else ""


# --- pytest ------------------------------------------------------------------------------------------------------------------------------------


class PropertyCase:
    """One property of one kernel, as plumbline judged it. ``check()`` fails where it did not hold, with the failing window and the line that replays it."""

    def __init__(self, result: Mapping[str, Any], seed: int) -> None:
        self.result, self.seed = result, seed

    def __repr__(self) -> str:
        return f"{self.result['property']} on {self.result['target']}"

    @property
    def skipped(self) -> Optional[str]:
        """Why the property is not about this kernel; None when it was checked."""
        return str(self.result.get("reason")) if self.result["status"] == "unsupported" else None

    def check(self) -> None:
        if self.result["status"] not in ("passed", "unsupported"):
            raise AssertionError(self._failure())

    def _failure(self) -> str:
        result = self.result
        found = result.get("counterexample")
        lines = [f"{self!r}: {result['status']}", f"claim     {result['claim']}"]
        if found is None:
            return "\n".join([*lines, f"reason    {result.get('reason')}", f"seed      {self.seed}"])
        worst = found.get("worst")
        lines.append(f"found     {found['outcome']}: {found['message']}")
        if worst is not None:
            lines += [f"measured  {worst['measured']}", f"bound     {worst['bound']}  margin {worst['margin']}"]
        lines += ["", *(text for text in (found["window"], found["typed"]) if text), ""]
        return "\n".join([*lines, f"replay    {found['replay']}", f"seed      {self.seed}"])


class _TargetCase(PropertyCase):
    """A target that cannot run is one test that fails and says why."""

    def __init__(self, target: Mapping[str, Any]) -> None:
        super().__init__({"property": "can-run", "target": target["name"], "status": "errored"}, 0)
        self.target = target

    def check(self) -> None:
        raise AssertionError(f"{self.target['name']} cannot run here: {self.target.get('reason')}\n{self.target.get('remedy')}")


def pytest_cases(
    path: Union[str, "os.PathLike[str]"],
    *,
    effort: str = "quick",
    seed: Optional[int] = None,
    runs: Optional[int] = None,
    properties: Sequence[str] = (),
    operations: Sequence[str] = (),
    python: Optional[str] = None,
    arguments: Sequence[str] = (),
) -> List[Any]:
    """Verifies a file of kernels once, when tests are collected, and returns a pytest parameter for each property.

        @pytest.mark.parametrize("case", plumbline.pytest_cases("kernels.py"))
        def test_kernel(case):
            case.check()

    path        of the file with kernels, from the folder that pytest runs in
    effort      quick, standard or thorough
    seed        of the run, 0 … 2³²−1; drawn when absent, and part of every failure
    runs        cases of each property; the effort's number when absent
    properties  such as ``sinkhorn/*``; all when empty
    operations  such as ``sinkhorn-vjp``; all when empty
    python      the interpreter that runs the kernels; the one that runs pytest when absent
    arguments   more arguments for ``plumbline verify``

    plumbline is found as $PLUMBLINE, else beside this file, else on the PATH. Raises ``RuntimeError`` with the remedy when it is not, or when it was used wrongly.
    """
    import pytest  # whoever calls this has it

    command = [*_plumbline(), "verify", os.fspath(path), "--effort", effort, "--python", python or sys.executable, "--reporter", "json", "--output-file", "-", *arguments]
    command += ["--seed", str(seed)] if seed is not None else []
    command += ["--runs", str(runs)] if runs is not None else []
    command += [part for name in properties for part in ("--property", name)]
    command += [part for name in operations for part in ("--operation", name)]
    ended = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8", check=False)
    try:
        report = json.loads(ended.stdout)
    except ValueError:
        raise RuntimeError(f"{' '.join(map(shlex.quote, command))}\nended with {ended.returncode} and no report:\n{ended.stderr.strip()}") from None
    cases = [_TargetCase(target) for target in report["targets"] if target["status"] != "available"]
    cases += [PropertyCase(result, report["seed"]) for result in report["results"]]
    if not cases:
        raise RuntimeError(f"{' '.join(map(shlex.quote, command))}\nchecked nothing (exit code {ended.returncode}).")
    return [pytest.param(case, id=case.result["property"], marks=[] if case.skipped is None else [pytest.mark.skip(reason=case.skipped)]) for case in cases]


def _plumbline() -> List[str]:
    """How plumbline is started."""
    named = os.environ.get("PLUMBLINE")
    if named:
        return shlex.split(named)
    node = shutil.which("node")
    beside = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "dist", "src", "cli", "main.js")
    if node is not None and os.path.exists(beside):
        return [node, beside]
    found = shutil.which("plumbline") or shutil.which("plumbline", path=os.path.join("node_modules", ".bin"))
    if found is not None:
        return [found]
    remedy = "install Node 20.19 or later" if node is None else "run: npm install --save-dev plumbline"
    raise RuntimeError(f"plumbline is not here: {remedy}, or set $PLUMBLINE to its command.")


# --- the process -------------------------------------------------------------------------------------------------------------------------------


class _Channel:
    """The messages. They take stdin and stdout away before a kernel can use them: it finds an empty stdin, and its prints go to stderr. None of
    the descriptors reaches processes that a kernel starts."""

    def __init__(self) -> None:
        self._reader = os.fdopen(os.dup(0), "rb")
        self._writer = os.fdopen(os.dup(1), "wb")
        empty = os.open(os.devnull, os.O_RDONLY)
        os.dup2(empty, 0)
        os.close(empty)
        os.dup2(2, 1)
        for descriptor in (INPUTS_FD, OUTPUTS_FD):
            os.set_inheritable(descriptor, False)
        reconfigure = getattr(sys.stdout, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(line_buffering=True)

    def send(self, message: Mapping[str, Any]) -> None:
        self._writer.write(json.dumps(message).encode() + b"\n")
        self._writer.flush()

    def __iter__(self) -> Iterator[Any]:
        """Messages until plumbline ends."""
        while True:
            line = self._reader.readline()
            if not line.endswith(b"\n"):
                return
            yield json.loads(line)


def _die_with_parent() -> None:
    """On Linux the system ends this process when plumbline is killed, even while a kernel holds the interpreter."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def _connect() -> Optional[_Channel]:
    """The channel, if plumbline started this process; processes that it starts in turn are none of plumbline's."""
    if os.environ.pop("PLUMBLINE_WORKER", None) is None:
        return None
    _die_with_parent()
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")  # baseline and candidate are open at once on one device, and JAX takes three quarters of its memory
    return _Channel()


_channel = _connect()


def serve() -> None:
    """Serves the kernels of this file until plumbline ends. Without plumbline it says so and returns."""
    global _served
    if _channel is None:
        print(f"{len(_kernels)} kernels: {', '.join(_kernels) or 'none'}. Verify them with: plumbline verify {sys.argv[0]}", file=sys.stderr)
        return
    if _served:
        return
    _served = True
    messages = iter(_channel)
    hello = next(messages, None)
    if not isinstance(hello, dict) or hello.get("type") != "hello":
        return _channel.send({"type": "error", "message": "plumbline did not begin with hello."})
    if hello.get("protocol") != PROTOCOL:
        return _channel.send({"type": "error", "message": f"plumbline speaks version {hello.get('protocol')} of the worker protocol, this plumbline_worker.py version {PROTOCOL}."})
    about = _environment()
    _channel.send({"type": "hello", "protocol": PROTOCOL, "worker": f"plumbline_worker.py {__version__}", "kernels": [k.declaration() for k in _kernels.values()], "environment": about, "features": ["timing"]})
    server = _Server(hello["operations"])
    for message in messages:
        if message.get("type") == "shutdown":
            break
        if message.get("type") not in ("run", "time"):
            continue
        try:
            answer = server.time(message) if message["type"] == "time" else server.call(message)
        except Exception as error:  # noqa: BLE001: whatever a kernel raises is an outcome
            answer = _failure(error, message["operation"])
        _channel.send({"type": "result", "id": message["id"], **answer})
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)  # frameworks may hang in their own clean-up


def _environment() -> Dict[str, Any]:
    about: Dict[str, Any] = {"python": platform.python_version(), "machine": platform.machine()}
    for served in _kernels.values():
        try:
            about.update(_framework(served.framework, served.device).about())
        except ImportError as error:
            raise KernelError(f"{served.name} needs {served.framework}: {error}. Install it, or name the interpreter that has it with PLUMBLINE_PYTHON.") from error
    return about


def _main(path: str) -> None:
    """Runs a file of kernels and serves them, whether or not the file does so itself. What goes wrong is told to plumbline, not only printed."""
    sys.path.insert(0, os.path.dirname(os.path.abspath(path)))
    sys.argv = [path]
    sys.modules["plumbline_worker"] = sys.modules["__main__"]
    try:
        name = os.path.splitext(os.path.basename(path))[0]
        spec = importlib.util.spec_from_file_location(name, path)
        if spec is None or spec.loader is None:
            raise ImportError(f"{path} is not a Python file")
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
        serve()
    except Exception as error:  # noqa: BLE001
        reason = str(error) if isinstance(error, KernelError) else "".join(traceback.format_exception_only(type(error), error)).strip()
        if not isinstance(error, KernelError):
            traceback.print_exception(type(error), error, error.__traceback__, file=sys.stderr)
        if _channel is not None:
            _channel.send({"type": "error", "message": f"{path} cannot be served: {reason}"})
        sys.exit(1)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python3 -m plumbline_worker kernels.py (plumbline does this: plumbline verify kernels.py)")
    _main(sys.argv[1])
