//! The name of this machine.

use std::fs;

/// The longest name that is taken: as long as the kernel's.
const MAX_BYTES: usize = 64;

/// What the machine, or the container, is called; a hyphen where nobody says it.
pub fn name() -> String {
    let said = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let name = said.trim();
    if name.is_empty() || name.len() > MAX_BYTES {
        "-".to_owned()
    } else {
        name.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_this_machine_is_a_word() {
        let name = name();
        assert!(
            !name.is_empty() && !name.contains(char::is_whitespace),
            "{name}"
        );
    }
}
