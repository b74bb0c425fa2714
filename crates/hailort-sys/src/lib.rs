//! Declarations of the HailoRT C API (4.20 to 4.23), held as a table of function pointers.
