"""The sounds that the references are computed for: clips of the corpus, and signals that are made."""

from pathlib import Path

import numpy as np
import soundfile

CORPUS = Path(__file__).resolve().parents[2] / "audio-corpus"
# Clip and what it says, from the corpus' manifest.
CLIPS = {
    "joue-maman": "Joue la chanson Maman.",
    "mets-stromae": "Mets du Stromae.",
    "reveil-six-trente": "Mets un réveil à six heures trente.",
    "peux-tu-mettre-reine-des-neiges": "Peux-tu mettre la reine des neiges, s'il te plaît ?",
    "neg-beau": "Il fait beau aujourd'hui.",
}
NOISE_SEED = 20_240_531
GAIN = 40.0


def clip(name):
    """A clip's samples, float32 between -1 and 1."""
    samples, rate = soundfile.read(CORPUS / f"{name}.flac", dtype="float32")
    assert rate == 16_000 and samples.ndim == 1, name
    return samples


def noise(count, seed=NOISE_SEED):
    """White noise from Knuth's 64-bit generator: few enough lines to be the same in any language."""
    state, samples = seed, np.empty(count, np.float32)
    for i in range(count):
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        samples[i] = (state >> 40) / 2**23 - 1.0
    return samples


def synthetic():
    """Signals by name. `tests/log_mel.rs` makes the same ones."""
    impulse = np.zeros(60_000, np.float32)
    impulse[40_000] = 1.0
    return {
        # Longer than the window: cut off, and loud up to the reflection at its end.
        "noise": noise(96_000),
        "silence": np.zeros(48_000, np.float32),
        "impulse": impulse,
        # Far too loud, and clipped as a recorder does it.
        "loud": np.clip(clip("joue-maman") * np.float32(GAIN), -1.0, 1.0),
    }
