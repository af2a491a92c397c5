//! Builds everything from a checked configuration.
