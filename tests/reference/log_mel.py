"""The log-mel spectrogram as OpenAI's Whisper defines it, in NumPy, float64 inside.

`whisper/audio.py`: `pad_or_trim` to the window, `torch.stft(400, 160, torch.hann_window(400))` with its defaults
(centred, reflected at both ends), the last frame dropped, squared magnitudes, the filters of
`librosa.filters.mel(sr=16000, n_fft=400, n_mels=80)`, then `log10`, floor and scale.
The window is 5 seconds here, not 30: that is what the compiled encoder takes.
"""

import numpy as np

SAMPLE_RATE = 16_000
N_FFT = 400
HOP = 160
N_MELS = 80
SECONDS = 5


def pad_or_trim(audio, length=SECONDS * SAMPLE_RATE):
    """Zeros are appended, or the rest is cut off."""
    audio = audio[:length]
    return np.pad(audio, (0, length - len(audio)))


def hz_to_mel(hz):
    """Slaney's scale, as in the Auditory Toolbox: linear up to 1 kHz, 27 logarithmic steps for a factor of 6.4."""
    hz = np.asarray(hz, np.float64)
    log_part = 15.0 + np.log(np.maximum(hz, 1000.0) / 1000.0) / (np.log(6.4) / 27.0)
    return np.where(hz >= 1000.0, log_part, hz / (200.0 / 3.0))


def mel_to_hz(mel):
    """The inverse of `hz_to_mel`."""
    mel = np.asarray(mel, np.float64)
    return np.where(mel >= 15.0, 1000.0 * np.exp((np.log(6.4) / 27.0) * (mel - 15.0)), mel * (200.0 / 3.0))


def mel_filters():
    """`[80, 201]`: `librosa.filters.mel` with its defaults `fmin=0, fmax=sr/2, htk=False, norm="slaney"`."""
    bins = np.linspace(0.0, SAMPLE_RATE / 2, 1 + N_FFT // 2)
    edges = mel_to_hz(np.linspace(hz_to_mel(0.0), hz_to_mel(SAMPLE_RATE / 2), N_MELS + 2))
    widths = np.diff(edges)
    ramps = edges[:, None] - bins[None, :]
    lower = -ramps[:-2] / widths[:-1, None]
    upper = ramps[2:] / widths[1:, None]
    triangles = np.maximum(0.0, np.minimum(lower, upper))
    return triangles * (2.0 / (edges[2:] - edges[:-2]))[:, None]


def log_mel(audio):
    """`[500, 80]` float32 of samples at 16 kHz."""
    audio = pad_or_trim(np.asarray(audio, np.float64))
    window = 0.5 * (1.0 - np.cos(2.0 * np.pi * np.arange(N_FFT) / N_FFT))
    padded = np.pad(audio, N_FFT // 2, mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(padded, N_FFT)[::HOP]
    power = np.abs(np.fft.rfft(frames * window, axis=1))[:-1] ** 2
    log_spec = np.log10(np.maximum(power @ mel_filters().T, 1e-10))
    log_spec = np.maximum(log_spec, log_spec.max() - 8.0)
    return ((log_spec + 4.0) / 4.0).astype(np.float32)
