//! From a French sentence to an intent with typed slots.
