"""The engine of an opened artifact, or of the graph of a preset: call it with arrays, or step by step."""

import functools
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from zoo.core.codec import Codec
from zoo.core.validation import first_line, number
from zoo.errors import ArgumentError, ArtifactError
from zoo.runtime.pair import Pair
from zoo.runtime.signature import FORMS, Signature, Tensor, bind, shape_text

MOST_THREADS = 1024
Run = Callable[[list[np.ndarray]], list[np.ndarray]]
"""Function of the inputs that returns the outputs, both in the order of a signature."""


@dataclass(frozen=True)
class RuntimeOptions:
    """How a runtime runs an opened artifact.

    Attributes:
        threads: Threads that one call may use; None takes the default, one.
        providers: Names of ONNX Runtime's execution providers, the preferred one first; None takes the CPU.
        trust: Run an artifact that is a program whatever it contains; None checks that it only computes.
    """

    threads: int | None = None
    providers: tuple[str, ...] | None = None
    trust: bool | None = None


DEFAULT_RUNTIME = RuntimeOptions()


def runtime_options(threads: int | None, providers: Sequence[str] | None, trust: bool | None = None) -> RuntimeOptions:
    """Check what a user gave.

    Raises:
        ArgumentError: `threads` is not a positive integer, or `providers` not a list of names.
    """
    if threads is not None:
        threads = number("threads", threads, 1, MOST_THREADS, whole=True)
    names = None if isinstance(providers, str) or not isinstance(providers, Iterable) else tuple(providers)
    if providers is not None and not (names and all(isinstance(name, str) for name in names)):
        raise ArgumentError(f"providers={providers!r}: give a list of names, such as ['CPUExecutionProvider']")
    return RuntimeOptions(threads, names, trust)


class BoundEngine:
    """An opened artifact: call it with arrays, from any number of threads.

    Args:
        name: Format name.
        signature: Signature of the opened artifact.
        run: Function of the inputs, in the order of the signature, that returns the outputs.
        owner: Object that must live as long as the engine, where the runtime itself does not keep it.
        concurrent: Several threads may call `run` at once; otherwise a lock lets one in at a time.
        order: Names of the inputs, and of the outputs, as they stand in the artifact, for runtimes that bind tensors by
            position; None if its tensors go by name alone.

    Attributes:
        about: How the artifact was made, from its manifest; None if another tool made it, and for a preset.
        build: Builds the Keras network of a preset; None for an artifact, which has no such network.
        concurrent: Calls of several threads run in parallel. Where they do not, one engine for each thread is faster.
    """

    def __init__(
        self,
        name: str,
        signature: Signature,
        run: Run,
        owner: object = None,
        concurrent: bool = False,
        order: tuple[Sequence[str], Sequence[str]] | None = None,
    ) -> None:
        self.name, self.signature, self.owner, self.concurrent = name, signature, owner, concurrent
        self.order = order
        self.run = run if concurrent else _one_at_a_time(run)
        self.about: dict[str, Any] | None = None
        self.build: Callable[[], Any] | None = None
        self._states = signature.states  # a step is short
        self._wide = signature.outputs[0].shape[-1] if signature.outputs and signature.outputs[0].shape else None
        self._chains = len(signature.inputs) == len(signature.outputs) == len(self._states) + 1

    def __repr__(self) -> str:
        """Return the format and the signature."""
        return f"{self.name} artifact: {self.signature.text()}"

    @functools.cached_property
    def network(self) -> Any:
        """Return the `keras.Model` of a preset with its weights, built when it is first asked for.

        Raises:
            ArgumentError: It is an artifact, which has no Keras network.
            PresetError: The files of the preset have changed.
            MissingExtra: Keras is not installed.
        """
        if self.build is None:
            raise ArgumentError(f"{self!r} has no Keras network: load the model that it was exported from")
        return self.build()

    @property
    def inputs(self) -> tuple[Tensor, ...]:
        """Inputs, in their order."""
        return self.signature.inputs

    @property
    def outputs(self) -> tuple[Tensor, ...]:
        """Outputs, in their order."""
        return self.signature.outputs

    def __call__(self, *arrays: Any, **named: Any) -> Any:
        """Run the network.

        Args:
            arrays: Inputs by position, in the order of `inputs`.
            named: Inputs by name. A state that is not given starts with zeros.

        Returns:
            The output; a dict by name if there are several.

        Raises:
            ArgumentError: An input is missing or unknown, or its shape or dtype does not fit; the message names it. Or
                the runtime refused the values.
        """
        results = self.named(*arrays, **named)
        return next(iter(results.values())) if len(results) == 1 else results

    def named(self, *arrays: Any, **named: Any) -> dict[str, np.ndarray]:
        """Run the network as `__call__` does; return the outputs by name, also where there is one."""
        results = self._run(bind(self.signature.inputs, arrays, named))
        return {tensor.name: array for tensor, array in zip(self.outputs, results, strict=True)}

    def _run(self, arrays: list[np.ndarray]) -> list[np.ndarray]:
        """Run the network once.

        Raises:
            ArgumentError: The runtime refused the values.
        """
        try:
            return self.run(arrays)
        except Exception as error:
            raise ArgumentError(
                f"the network does not take these values or sizes (an id it does not know? fewer steps than its layers "
                f"need?): {first_line(error)}"
            ) from error

    @property
    def loop_threshold(self) -> int | None:
        """Shortest piece that `generate` makes: 0 if the loop is inside the artifact, None if there is none."""
        return 0 if self.signature.form == "generate" else None

    @property
    def chunk(self) -> int | None:
        """Number of tokens of a call of `generate`; None: any number."""
        return self.inputs[0].shape[1]

    @property
    def batch(self) -> int | None:
        """Number of rows of a call of `step`; None: any number."""
        return self.inputs[0].shape[0]

    @property
    def steps(self) -> int | None:
        """Number of steps of a call of `step`; None: any number."""
        return self.inputs[0].shape[1] if FORMS[self.signature.form] is None else None

    def generate(
        self, codec: Codec, script: np.ndarray, uniform: np.ndarray, temperatures: np.ndarray,
        top_k: int | None, top_p: float | None, memory: Any,  # noqa: ARG002
    ) -> tuple[np.ndarray, Any]:  # fmt: skip
        """Generate tokens in one call of an artifact in `generate` form; see `KerasEngine.generate`.

        Raises:
            ArgumentError: The artifact is fixed to another batch size.
        """
        rows = len(script)
        ids = self(
            prompt=script, uniform=uniform, temperature=np.tile(temperatures, (rows, 1)),
            top_k=[min(top_k or 0, codec.classes)] * rows, top_p=[top_p or 1.0] * rows,
        )  # fmt: skip
        return ids, ()

    def initial_state(self, batch: int) -> list[np.ndarray]:
        """Return the state before the first step: zeros, `(batch, units)` each."""
        states = [self.inputs[i] for i, _ in self._states]
        return [np.zeros((batch, *t.shape[1:]), np.float32) for t in states]  # type: ignore[arg-type]

    def step(self, x: np.ndarray, state: Sequence[np.ndarray]) -> tuple[np.ndarray, list[np.ndarray]]:
        """Run `x (batch, time, …)` from a state; return `y (batch, time, classes)` and the new state.

        An output without a time axis is that of the last step.

        Raises:
            ArgumentError: The artifact is fixed to another batch size or number of steps, or has more inputs or outputs
                than `x`, `y` and states. Or the runtime refused the values.
            ArtifactError: What it returns has other sizes than it says.
        """
        if self.loop_threshold is not None:
            raise ArgumentError(
                "this artifact has the whole loop inside and only generates pieces: for repetition_penalty, score "
                "and evaluate load one in the form step or sequence"
            )
        if not self._chains:
            raise ArgumentError(f"step() is for one input, one output and states; call the artifact: {self!r}")
        wanted = self.signature.inputs[0].shape
        if wanted[0] not in (None, len(x)) or wanted[1] not in (None, 1, x.shape[1]):
            raise ArgumentError(f"x: shape {x.shape} given, the artifact is fixed to {shape_text(self.inputs[0])}")
        if FORMS[self.signature.form] is None or x.shape[1] == 1:
            return self._once(x, state)
        parts = []
        for i in range(x.shape[1]):
            part, state = self._once(x[:, i : i + 1], state)
            parts.append(part)
        return np.concatenate(parts, axis=1) if parts[0].ndim > 2 else parts[-1], list(state)

    def _once(self, x: np.ndarray, state: Sequence[np.ndarray]) -> tuple[np.ndarray, list[np.ndarray]]:
        """Run `x` from a state in one call.

        Raises:
            ArtifactError: What is returned has other sizes than `x`, the state, or the signature.
        """
        y, *new = self._run([x, *state])
        wide = self._wide
        same = [one.shape for one in new] == [one.shape for one in state]
        if not same or y.shape[:1] != x.shape[:1] or y.shape[-1] != (y.shape[-1] if wide is None else wide):
            found = ", ".join(str(one.shape) for one in (y, *new))
            raise ArtifactError(
                f"the network is damaged: of x {x.shape} it returns {found}, not {self.signature.text()}"
            )
        return y, new


def _one_at_a_time(run: Run) -> Run:
    """Return a function that runs one call after the other, whichever threads they come from."""
    lock = threading.Lock()

    def locked(arrays: list[np.ndarray]) -> list[np.ndarray]:
        with lock:
            return run(arrays)

    return locked


def of_engines(encoder: BoundEngine, decoder: BoundEngine) -> Pair:
    """Return the engine of two opened artifacts or graphs.

    Raises:
        ArtifactError: The encoder does not return what the decoder takes.
    """
    between = [tensor.name for tensor in decoder.inputs[1:]]
    if [tensor.name for tensor in encoder.outputs] != between:
        raise ArtifactError(
            f"encoder and decoder do not belong together: {encoder.signature.text()}; {decoder.signature.text()}"
        )
    x = decoder.inputs[0].shape
    both = Pair(
        decoder.name, encoder.named, decoder.named, between, concurrent=encoder.concurrent and decoder.concurrent,
        fixed=(x[0], x[1] if len(x) > 1 else None), classes=decoder.outputs[0].shape[-1],
    )  # fmt: skip
    both.opened = encoder, decoder
    return both
