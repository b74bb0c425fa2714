//! Audio from a path or from memory to 16 kHz mono.
