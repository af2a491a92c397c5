//! A strict reader of Responses, as Zoom would read them.
