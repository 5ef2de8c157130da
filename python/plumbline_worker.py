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
import runpy
import signal
import struct
import sys
import threading
import traceback
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence, Tuple, Union

__version__ = "1.0.0"
__all__ = ["kernel", "serve", "pytest_cases", "Tensor"]

PROTOCOL = 1
INPUTS_FD = 3
OUTPUTS_FD = 4
FRAMEWORKS = ("numpy", "torch", "jax", "cupy")
_BYTES = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2}
_DTYPES = {"F64": "f64", "F32": "f32", "F16": "f16", "BF16": "bf16"}
_NAMES = {short: name for name, short in _DTYPES.items()}
#: Inputs up to this size are compared after every call, larger ones after every eighth: a kernel must not change them.
_ALWAYS_COMPARED = 1 << 20


class KernelError(Exception):
    """A mistake in a kernel's declaration or in what it returned; ``outcome`` is a name of the protocol."""

    def __init__(self, message: str, outcome: str = "failed") -> None:
        super().__init__(message)
        self.outcome = outcome


class Tensor:
    """Raw elements without a framework: ``dtype`` is f64, f32, f16 or bf16, ``data`` little-endian bytes, row-major."""

    def __init__(self, dtype: str, shape: Sequence[int], data: Union[bytes, memoryview]) -> None:
        self.dtype, self.shape, self.data = dtype, tuple(shape), data


class _Kernel:
    def __init__(self, operation: str, run: Callable[..., Any], options: Dict[str, Any]) -> None:
        self.operation, self.run, self.options = operation, run, options
        self.framework: Optional[str] = options.pop("framework")
        self.device: Optional[str] = options.pop("device")
        self.forward: Optional["_Kernel"] = None  # of a -vjp that autograd serves
        self.calls = 0

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
    """Declares a function to be the kernel of an operation.

    operation        such as ``sinkhorn``, ``stream-write``, ``sinkhorn-vjp``
    arithmetic       how it rounds: a preset (``ieee-f32``, ``cuda-f32``, ``bf16-storage`` …) or a preset with fields of its own
    dialect          what it computes: a preset (``tilekernels`` …) or fields; the operation's default when absent
    dtypes           dtypes of single ports where they differ from the arithmetic's storage: ``{"streams": "bf16"}``
    streams          the stream counts that it supports, all of 1…16 when absent
    framework        what its tensors are: numpy (default, if installed), torch, jax or cupy; without any, ``Tensor`` objects
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
    header: Dict[str, Any] = {}
    offset = 0
    ordered = sorted(tensors.items(), key=lambda item: -_BYTES[_NAMES[item[1].dtype]])  # wide types first: aligned
    for name, tensor in ordered:
        size = math.prod(tensor.shape) * _BYTES[_NAMES[tensor.dtype]]
        header[name] = {"dtype": _NAMES[tensor.dtype], "shape": list(tensor.shape), "data_offsets": [offset, offset + size]}
        offset += size
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    position = 0
    for part in [struct.pack("<Q", len(text)) + text, *(tensor.data for _, tensor in ordered)]:
        view = memoryview(part).cast("B") if not isinstance(part, bytes) else memoryview(part)
        while len(view) > 0:
            written = os.pwrite(fd, view, position)
            position += written
            view = view[written:]
    return position


class _Numpy:
    """numpy arrays. bf16 is ``ml_dtypes.bfloat16`` where that is installed, else the 16-bit patterns as uint16."""

    name = "numpy"

    def __init__(self, device: Optional[str]) -> None:
        self.np = importlib.import_module("numpy")
        self.types = {"f64": self.np.dtype("<f8"), "f32": self.np.dtype("<f4"), "f16": self.np.dtype("<f2"), "bf16": self.np.dtype("<u2")}
        if importlib.util.find_spec("ml_dtypes") is not None:
            self.types["bf16"] = self.np.dtype(importlib.import_module("ml_dtypes").bfloat16)

    def put(self, tensor: Tensor) -> Any:
        return self.np.frombuffer(tensor.data, dtype=self.types[tensor.dtype]).reshape(tensor.shape)

    def get(self, value: Any, expected: str, what: str) -> Tensor:
        array = self.np.ascontiguousarray(value)
        found = next((short for short, kind in self.types.items() if array.dtype == kind), None)
        if found is None or (found != expected and array.dtype == self.types[expected]):
            found = expected if array.dtype == self.types[expected] else found
        if found is None:
            raise KernelError(f"{what} has dtype {array.dtype}, declared is {expected}.", "wrong-dtype")
        return Tensor(found, self._shape(value, array), array.reshape(-1).view(self.np.uint8).data)

    def _shape(self, value: Any, array: Any) -> Tuple[int, ...]:
        return tuple(getattr(value, "shape", array.shape))

    def synchronize(self) -> None:
        pass

    def about(self) -> Dict[str, Any]:
        return {"numpy": self.np.__version__}

    def vjp(self, run: Callable[..., Any], inputs: List[Any], cotangents: List[Any]) -> List[Any]:
        raise KernelError("numpy has no autograd")


class _Torch:
    """torch tensors, bf16 and f16 as such."""

    name = "torch"

    def __init__(self, device: Optional[str]) -> None:
        self.torch = importlib.import_module("torch")
        torch = self.torch
        self.device = torch.device(device or "cpu")
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
        except RuntimeError:  # torch without numpy
            return Tensor(found, shape, bytes(kept.tolist()))

    def synchronize(self) -> None:
        if self.device.type == "cuda":
            self.torch.cuda.synchronize(self.device)

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
    """jax arrays."""

    name = "jax"

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

    def about(self) -> Dict[str, Any]:
        return {"jax": self.jax.__version__, "device": str(self.device or self.jax.devices()[0])}

    def vjp(self, run: Callable[..., Any], inputs: List[Any], cotangents: List[Any]) -> List[Any]:
        outputs, pull = self.jax.vjp(run, *inputs)
        return list(pull(tuple(cotangents) if isinstance(outputs, tuple) else cotangents[0]))


class _Cupy(_Numpy):
    """cupy arrays. It has no bf16: those are 16-bit patterns as uint16."""

    name = "cupy"

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

    def about(self) -> Dict[str, Any]:
        return {"cupy": self.cupy.__version__, "device": self.cupy.cuda.runtime.getDeviceProperties(self.index)["name"].decode()}


class _Bare:
    """No framework: ``Tensor`` objects in and out."""

    name = "none"

    def put(self, tensor: Tensor) -> Any:
        return tensor

    def get(self, value: Any, expected: str, what: str) -> Tensor:
        if not isinstance(value, Tensor):
            raise KernelError(f"{what} is a {type(value).__name__}; without a framework a kernel returns plumbline.Tensor.", "wrong-dtype")
        return value

    def synchronize(self) -> None:
        pass

    def about(self) -> Dict[str, Any]:
        return {}


@functools.lru_cache(maxsize=None)
def _framework(name: Optional[str], device: Optional[str]) -> Any:
    if name is None:
        return _Numpy(device) if importlib.util.find_spec("numpy") is not None else _Bare()
    return {"numpy": _Numpy, "torch": _Torch, "jax": _Jax, "cupy": _Cupy}[name](device)


# --- calls -------------------------------------------------------------------------------------------------------------------------------------


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)([A-Z])", lambda match: "_" + match.group(1).lower(), name)


def _arguments(run: Callable[..., Any], ports: Sequence[str], sizes: Mapping[str, int]) -> Callable[[Mapping[str, Any]], Tuple[List[Any], Dict[str, Any]]]:
    """How the inputs reach a function: by name where its parameters have the ports' names, else in their order."""
    parameters = [p for p in inspect.signature(run).parameters.values() if p.name != "sizes"]
    extra = {"sizes": dict(sizes)} if "sizes" in inspect.signature(run).parameters else {}
    names = [p.name for p in parameters]
    by_name = {_snake(port): port for port in ports} | {port: port for port in ports} if sys.version_info >= (3, 9) else {}
    if names and all(name in by_name for name in names):
        return lambda values: ([], {**{name: values[by_name[name]] for name in names}, **extra})
    accepts_all = any(p.kind == p.VAR_POSITIONAL for p in parameters)
    if not accepts_all and len([p for p in parameters if p.kind != p.KEYWORD_ONLY]) < len(ports):
        wanted = ", ".join(_snake(port) for port in ports)
        raise KernelError(f"its parameters are ({', '.join(names)}); the operation has the inputs ({wanted}).")
    return lambda values: ([values[port] for port in ports], extra)


def _outputs_of(value: Any, ports: Sequence[str], name: str) -> Dict[str, Any]:
    if isinstance(value, Mapping):
        known = {_snake(port): port for port in ports} | {port: port for port in ports}
        unknown = [key for key in value if key not in known]
        if unknown:
            raise KernelError(f"{name} returned '{unknown[0]}'; its outputs are {', '.join(ports)}.", "wrong-shape")
        return {known[key]: item for key, item in value.items()}
    items = list(value) if isinstance(value, (tuple, list)) else [value]
    if len(items) != len(ports):
        raise KernelError(f"{name} returned {len(items)} values; its outputs are {', '.join(ports)}.", "wrong-shape")
    return dict(zip(ports, items))


class _Server:
    def __init__(self, channel: Any, operations: Mapping[str, Any]) -> None:
        self.channel, self.operations = channel, operations
        self.inputs: Optional[mmap.mmap] = None

    def call(self, message: Mapping[str, Any]) -> Dict[str, Any]:
        found = _kernels.get(message["operation"])
        if found is None:
            raise KernelError(f"there is no kernel for '{message['operation']}' here.", "unsupported")
        found.calls += 1
        inputs = self._inputs(int(message["bytes"]))
        framework = _framework(found.framework, found.device)
        operation = self.operations[found.operation]
        ports = [port["name"] for port in operation["outputs"]]
        dtypes = found.options.get("dtypes") or {}
        values = {name: framework.put(tensor) for name, tensor in inputs.items()}
        returned = self._run(found, framework, values, operation, message["sizes"])
        framework.synchronize()
        self._compare(found, inputs, values, framework, int(message["bytes"]))
        outputs = _outputs_of(returned, ports, found.name)
        fallback = next(iter(inputs.values())).dtype if inputs else "f32"
        tensors = {name: framework.get(value, dtypes.get(name, fallback), f"{found.name}: output '{name}'") for name, value in outputs.items()}
        return {"outcome": "ok", "bytes": _write_safetensors(OUTPUTS_FD, tensors)}

    def _run(self, found: _Kernel, framework: Any, values: Dict[str, Any], operation: Mapping[str, Any], sizes: Mapping[str, int]) -> Any:
        if found.forward is None:
            ports = [port["name"] for port in operation["inputs"]]
            args, kwargs = _arguments(found.run, ports, sizes)(values)
            return found.run(*args, **kwargs)
        forward = self.operations[found.forward.operation]
        ports = [port["name"] for port in forward["inputs"]]
        cotangents = [port["name"] for port in operation["inputs"] if port["name"] not in ports]
        bind = _arguments(found.run, ports, sizes)
        names = [port["name"] for port in forward["outputs"]]

        def positional(*leaves: Any) -> Any:
            args, kwargs = bind(dict(zip(ports, leaves)))
            outputs = _outputs_of(found.run(*args, **kwargs), names, found.name)
            ordered = tuple(outputs[name] for name in names)
            return ordered if len(ordered) > 1 else ordered[0]

        gradients = framework.vjp(positional, [values[port] for port in ports], [values[port] for port in cotangents])
        return {f"{port}Gradient": gradient for port, gradient in zip(ports, gradients)}

    def _inputs(self, size: int) -> Dict[str, Tensor]:
        if self.inputs is not None:
            try:
                self.inputs.close()
            except BufferError:
                pass  # the kernel kept an input; its pages stay
        # private: a kernel that writes to its inputs changes its own copy, which is then compared with the file
        self.inputs = mmap.mmap(INPUTS_FD, max(size, 1), flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ | mmap.PROT_WRITE)
        return _read_safetensors(memoryview(self.inputs)[:size])

    def _compare(self, found: _Kernel, inputs: Mapping[str, Tensor], values: Mapping[str, Any], framework: Any, size: int) -> None:
        if size > _ALWAYS_COMPARED and found.calls % 8 != 1:
            return
        original = _read_safetensors(memoryview(os.pread(INPUTS_FD, size, 0)) if size < 1 << 30 else memoryview(b""))
        for name, value in values.items():
            seen = framework.get(value, inputs[name].dtype, f"input '{name}'") if framework.name != "none" else inputs[name]
            if bytes(seen.data) != bytes(original[name].data):
                raise KernelError(f"{found.name} changed its input '{name}'.")


def _is_fatal(error: BaseException) -> bool:
    """A CUDA context that met an error gives errors for ever."""
    text = f"{type(error).__name__}: {error}"
    return "CUDA" in text or "cuda" in text.lower() and "error" in text.lower() or "hipError" in text or "XlaRuntimeError" in text


def _failure(error: BaseException) -> Dict[str, Any]:
    text = "".join(traceback.format_exception_only(type(error), error)).strip()
    if isinstance(error, KernelError):
        return {"outcome": error.outcome, "message": str(error)}
    out_of_memory = isinstance(error, MemoryError) or "out of memory" in text.lower() or "OutOfMemory" in type(error).__name__
    if out_of_memory:
        return {"outcome": "out-of-memory", "message": text}
    traceback.print_exception(type(error), error, error.__traceback__, file=sys.stderr)
    return {"outcome": "failed", "message": text, "fatal": _is_fatal(error)}


def _die_with_parent() -> None:
    """On Linux the kernel ends this process when plumbline is killed, even while a kernel holds the interpreter."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None, use_errno=True).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def serve() -> None:
    """Serves the kernels of this file until plumbline ends. Without plumbline it says so and returns."""
    global _served
    if _served:
        return
    if "PLUMBLINE_WORKER" not in os.environ:
        print(f"{len(_kernels)} kernels: {', '.join(_kernels) or 'none'}. Verify them with: plumbline verify {sys.argv[0]}", file=sys.stderr)
        return
    _served = True
    _die_with_parent()
    channel, lines = _open_channel()
    hello = json.loads(next(lines, "null"))
    if not isinstance(hello, dict) or hello.get("type") != "hello":
        _send(channel, {"type": "error", "message": "plumbline did not begin with hello."})
        return
    _send(channel, {"type": "hello", "protocol": PROTOCOL, "worker": f"plumbline_worker.py {__version__}", "kernels": [k.declaration() for k in _kernels.values()], "environment": _environment()})
    server = _Server(channel, hello.get("operations", {}))
    for line in lines:
        message = json.loads(line)
        if message.get("type") == "shutdown":
            break
        if message.get("type") != "run":
            continue
        try:
            answer = server.call(message)
        except Exception as error:  # noqa: BLE001: whatever a kernel raises is an outcome
            answer = _failure(error)
        _send(channel, {"type": "result", "id": message["id"], **answer})
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)  # frameworks may hang in their own clean-up


def _open_channel() -> Tuple[Any, Any]:
    """Keeps stdout for messages and gives kernels stderr in its place; ends the process when plumbline goes away."""
    channel = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    sys.stdout = os.fdopen(1, "w", buffering=1, closefd=False)
    queue: List[str] = []
    ready = threading.Condition()

    def listen() -> None:
        for line in sys.stdin:
            with ready:
                queue.append(line)
                ready.notify()
        os._exit(0)

    threading.Thread(target=listen, daemon=True).start()

    def lines() -> Any:
        while True:
            with ready:
                while not queue:
                    ready.wait()
                line = queue.pop(0)
            yield line

    return channel, lines()


def _send(channel: Any, message: Mapping[str, Any]) -> None:
    channel.write(json.dumps(message) + "\n")
    channel.flush()


def _environment() -> Dict[str, Any]:
    about: Dict[str, Any] = {"python": platform.python_version(), "machine": platform.machine()}
    for served in _kernels.values():
        about.update(_framework(served.framework, served.device).about())
    return about


def _main(path: str) -> None:
    """Runs a file of kernels and serves them, whether or not the file does so itself. What goes wrong is told to plumbline, not only printed."""
    sys.path.insert(0, os.path.dirname(os.path.abspath(path)))
    sys.argv = [path]
    sys.modules["plumbline_worker"] = sys.modules["__main__"]
    try:
        runpy.run_path(path, run_name="__plumbline__")
        serve()
    except Exception as error:  # noqa: BLE001
        traceback.print_exception(type(error), error, error.__traceback__, file=sys.stderr)
        reason = "".join(traceback.format_exception_only(type(error), error)).strip()
        if not _served:
            print(json.dumps({"type": "error", "message": f"{path} cannot be loaded: {reason}"}), flush=True)
        sys.exit(1)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python3 -m plumbline_worker kernels.py (plumbline does this: plumbline verify kernels.py)")
    _main(sys.argv[1])
