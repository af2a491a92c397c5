//! One sign-on, from the request to the answer.
