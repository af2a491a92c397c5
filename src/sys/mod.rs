//! What every room may use: time, randomness, secrets, sealing.
