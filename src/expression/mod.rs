//! Sandboxed expressions for mapping and access.
