//! Loads the configuration, checks everything, and reports every fault at once.
