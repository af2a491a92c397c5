//! Reads `[algorithms]`.

use super::{
    document::{Report, Table},
    sections::Algorithm,
};

/// Reads the algorithms that are refused; none where nothing is said.
pub(super) fn read(table: Option<Table<'_>>, report: &mut Report) -> Vec<Algorithm> {
    let Some(mut table) = table else {
        return Vec::new();
    };
    let refused = table.or("refuse", Vec::new(), report);
    table.finish(report);
    refused
}
