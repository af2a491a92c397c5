//! Text in a line that somebody types into a shell.

/// `text` as a shell takes it for one word.
pub fn one_word(text: &str) -> String {
    let is_plain = |it: char| it.is_alphanumeric() || "/._-+,@%:=".contains(it);
    if !text.is_empty() && text.chars().all(is_plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn a_shell_takes_each_for_the_one_word_that_it_is() {
        let plain = ["/etc/passerelle/passerelle.toml", "université.toml", "-"];
        assert_eq!(plain.map(one_word), plain);
        let others = [
            "", "a b", "a'b", "~", "$HOME", "*", "a\\b", "a\nb", "\"a\"", "'",
        ];
        for text in plain.into_iter().chain(others) {
            let line = format!("printf %s {}", one_word(text));
            let typed = Command::new("sh").args(["-c", &line]).output().unwrap();
            assert_eq!(typed.stdout, text.as_bytes(), "{line}");
        }
    }
}
