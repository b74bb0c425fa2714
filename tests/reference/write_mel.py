"""Writes `tests/data/mel`: sampled frames of the reference log-mel of each sound."""

import sys
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

import signals
from log_mel import log_mel

# Both ends, where the reflection is, all that see the impulse, and every fifth frame between.
FRAMES = np.unique(np.r_[0:4, 0:500:5, 248:253, 496:500]).astype(np.int32)


def main(folder):
    folder.mkdir(parents=True, exist_ok=True)
    sounds = {name: signals.clip(name) for name in signals.CLIPS} | signals.synthetic()
    for name, samples in sounds.items():
        mel = np.ascontiguousarray(log_mel(samples)[FRAMES])
        save_file({"frames": FRAMES, "mel": mel}, folder / f"{name}.safetensors")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
