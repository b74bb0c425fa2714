"""Whisper's encoder and decoder in NumPy, written after `whisper/model.py` of OpenAI's release.

Pre-norm transformer blocks, exact GELU, queries scaled by `head_dim ** -0.5`, logits by the transposed token
embeddings. The encoder's sinusoids are cut to the number of frames that there are.
"""

import math

import numpy as np

HEAD_DIM = 64
LAYER_NORM_EPS = 1e-5
ERF = np.frompyfunc(math.erf, 1, 1)


def gelu(x):
    return (0.5 * x * (1.0 + ERF(x * math.sqrt(0.5)).astype(np.float64))).astype(x.dtype)


def softmax(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def attend(q, k, v, mask=0.0):
    """All heads over `[rows, width]` each."""
    def heads(x):
        return x.reshape(len(x), -1, HEAD_DIM).swapaxes(0, 1)

    q, k, v = heads(q), heads(k), heads(v)
    mixed = softmax((q * q.dtype.type(HEAD_DIM**-0.5)) @ k.swapaxes(1, 2) + mask) @ v
    return mixed.swapaxes(0, 1).reshape(mixed.shape[1], -1)


class Whisper:
    def __init__(self, variables, dtype=np.float32):
        self.w = {n: v.astype(dtype) for n, v in variables.items() if v.dtype == np.float16}
        self.dtype = dtype

    def layers(self, side):
        return sum(n.startswith(f"{side}/layer_") and n.endswith("/ffn/linear_0/bias") for n in self.w)

    def linear(self, name, x):
        return x @ self.w[f"{name}/weight"].T + self.w[f"{name}/bias"]

    def norm(self, name, x):
        centred = x - x.mean(axis=-1, keepdims=True)
        variance = (centred**2).mean(axis=-1, keepdims=True)
        scaled = centred / np.sqrt(variance + self.dtype(LAYER_NORM_EPS))
        return scaled * self.w[f"{name}/gamma"] + self.w[f"{name}/beta"]

    def conv(self, name, x, stride):
        """`[time, in]` to `[time / stride, out]`: three taps, one zero on either side."""
        weight, padded = self.w[f"{name}/weight"], np.pad(x, ((1, 1), (0, 0)))
        taps = (padded[tap : tap + len(x) : stride] @ weight[:, :, tap].T for tap in range(3))
        return sum(taps) + self.w[f"{name}/bias"]

    def self_attention(self, name, x, mask=0.0):
        q, k, v = np.split(self.linear(f"{name}/linear_0", self.norm(f"{name}/layer_norm", x)), 3, axis=1)
        return self.linear(f"{name}/linear_1", attend(q, k, v, mask))

    def cross_attention(self, name, x, features):
        q = self.linear(f"{name}/linear_0", self.norm(f"{name}/layer_norm", x))
        k, v = np.split(self.linear(f"{name}/linear_1", features), 2, axis=1)
        return self.linear(f"{name}/linear_2", attend(q, k, v))

    def feed_forward(self, name, x):
        inner = gelu(self.linear(f"{name}/linear_0", self.norm(f"{name}/layer_norm", x)))
        return self.linear(f"{name}/linear_1", inner)

    def encode(self, mel):
        """Log-mel `[frames, 80]` to features `[frames / 2, width]`."""
        x = gelu(self.conv("encoder/conv1", mel.astype(self.dtype), 1))
        x = gelu(self.conv("encoder/conv2", x, 2))
        x = x + self.w["encoder/position_encodings/encodings"][: len(x)]
        for i in range(self.layers("encoder")):
            x = x + self.self_attention(f"encoder/layer_{i}/self_attention", x)
            x = x + self.feed_forward(f"encoder/layer_{i}/ffn", x)
        return self.norm("encoder/layer_norm", x)

    def decode(self, features, tokens):
        """Logits `[len(tokens), vocabulary]`: row `i` scores what follows `tokens[: i + 1]`."""
        count = len(tokens)
        mask = np.triu(np.full((count, count), -np.inf, self.dtype), 1)
        x = self.w["decoder/embeddings/weight"][tokens]
        x = x + self.w["decoder/position_encodings/encodings"][:count]
        for i in range(self.layers("decoder")):
            x = x + self.self_attention(f"decoder/layer_{i}/self_attention", x, mask)
            x = x + self.cross_attention(f"decoder/layer_{i}/attention", x, features)
            x = x + self.feed_forward(f"decoder/layer_{i}/ffn", x)
        return self.norm("decoder/layer_norm", x) @ self.w["decoder/embeddings/weight"].T
