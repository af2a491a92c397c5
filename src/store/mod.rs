//! What may be remembered between two requests.
