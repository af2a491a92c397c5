//! The words of the house: types that two rooms share.
