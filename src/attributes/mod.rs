//! From what the directory says to what one service provider is told.
