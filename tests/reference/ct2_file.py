"""Reads the variables of a CTranslate2 `model.bin` (binary version 6)."""

import hashlib
import os
import struct
from pathlib import Path

import numpy as np

TYPES = {0: "<f4", 1: "<i1", 2: "<i2", 3: "<i4", 4: "<f2"}


def cached(sha256):
    """The file of this hash in the cache that `hailo-harness models fetch` fills."""
    base = os.environ.get("HAILO_CACHE_DIR")
    if not base:
        cache = os.environ.get("XDG_CACHE_HOME", "")
        base = (Path(cache) if os.path.isabs(cache) else Path.home() / ".cache") / "hailo-harness"
    path = Path(base) / "sha256" / sha256
    if not path.exists():
        raise SystemExit(f"{path} is missing: run `hailo-harness models fetch`")
    if hashlib.sha256(path.read_bytes()).hexdigest() != sha256:
        raise SystemExit(f"{path} is altered: run `hailo-harness models fetch --force`")
    return path


class Reader:
    """Little-endian values one after the other."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, code):
        (value,) = struct.unpack_from("<" + code, self.data, self.at)
        self.at += struct.calcsize("<" + code)
        return value

    def text(self):
        # The length counts a trailing NUL.
        return self.bytes(self.take("H"))[:-1].decode()

    def bytes(self, count):
        self.at += count
        return self.data[self.at - count : self.at]


def read(path):
    """Name to array, in the stored type; aliases resolved."""
    reader = Reader(path.read_bytes())
    version, spec, _revision = reader.take("I"), reader.text(), reader.take("I")
    if version != 6 or spec != "WhisperSpec":
        raise ValueError(f"{path} is version {version} of a {spec}")
    variables = {}
    for _ in range(reader.take("I")):
        name = reader.text()
        shape = [reader.take("I") for _ in range(reader.take("B"))]
        dtype = TYPES[reader.take("B")]
        variables[name] = np.frombuffer(reader.bytes(reader.take("I")), dtype).reshape(shape)
    for _ in range(reader.take("I")):
        alias, name = reader.text(), reader.text()
        variables[alias] = variables[name]
    return variables
