//! HEF files: parsing, checking and generating.
