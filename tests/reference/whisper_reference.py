"""Features and logits of Whisper base for some clips, teacher-forced with the text that each of them says.

    whisper_reference.py FOLDER            everything: log-mel, features, logits
    whisper_reference.py --sample FOLDER   what fits into the repository: some columns, and the best token of each row
"""

import argparse
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file
from tokenizers import Tokenizer

import ct2_file
import signals
from log_mel import log_mel
from whisper_model import Whisper

WEIGHTS = "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9"
TOKENIZER = "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab"
# <|startoftranscript|> <|fr|> <|transcribe|> <|notimestamps|>
PROMPT = [50258, 50265, 50359, 50363]
END_OF_TEXT = 50257
POSITIONS = 32
VOCABULARY = 51865
SEED = 5
# The clip that is also decoded with other tokens, and the position that is edited: inside the text.
VARIED, EDITED_POSITION, EDITED_TOKEN = "peux-tu-mettre-reine-des-neiges", 9, 1000


def cases():
    """Name, clip and 32 tokens of each case."""
    tokenizer = Tokenizer.from_file(str(ct2_file.cached(TOKENIZER)))
    for clip, text in signals.CLIPS.items():
        # Whisper begins a text with a space.
        tokens = PROMPT + tokenizer.encode(" " + text, add_special_tokens=False).ids
        assert len(tokens) < POSITIONS, clip
        tokens += [END_OF_TEXT] * (POSITIONS - len(tokens))
        yield clip, clip, tokens
        if clip == VARIED:
            edited = tokens.copy()
            assert edited[EDITED_POSITION] not in (EDITED_TOKEN, END_OF_TEXT)
            edited[EDITED_POSITION] = EDITED_TOKEN
            yield "edited", clip, edited
            yield "random", clip, np.random.default_rng(SEED).integers(0, VOCABULARY, POSITIONS).tolist()


def sample(index, features, logits):
    """Random columns of both, other ones for each case."""
    rng = np.random.default_rng([SEED, index])

    def columns(array, count):
        chosen = np.sort(rng.choice(array.shape[1], count, replace=False))
        return chosen.astype(np.int32), np.ascontiguousarray(array[:, chosen])

    feature_columns, some_features = columns(features, 16)
    logit_columns, some_logits = columns(logits, 200)
    return {
        "feature_columns": feature_columns,
        "features": some_features,
        "logit_columns": logit_columns,
        "logits": some_logits,
        "argmax": logits.argmax(axis=1).astype(np.int32),
        "top": logits.max(axis=1),
    }


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--sample", action="store_true")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    model = Whisper(ct2_file.read(ct2_file.cached(WEIGHTS)))
    encoded = {}
    for index, (name, clip, tokens) in enumerate(cases()):
        if clip not in encoded:
            mel = log_mel(signals.clip(clip))
            encoded[clip] = mel, model.encode(mel)
        mel, features = encoded[clip]
        logits = model.decode(features, tokens)
        if arguments.sample:
            tensors = sample(index, features, logits)
        else:
            tensors = {"mel": mel, "features": features, "logits": logits}
        tensors["tokens"] = np.array(tokens, np.int32)
        save_file(tensors, arguments.folder / f"{name}.safetensors", {"clip": clip})
        print(name, [int(t) for t in logits.argmax(axis=1)])


if __name__ == "__main__":
    main()
