//! Commands in what is said: what the commands have of it, and that each is one that there is.

pub(super) use crate::app::typed::typed;

#[cfg(test)]
mod tests {
    use std::{
        fs,
        path::{Path, PathBuf},
    };

    use clap::CommandFactory as _;

    use super::super::CommandLine;
    use crate::app::typed::{PROGRAM, READ_ONE, begins_with};

    /// What stands for an argument in a text, and something that could be it.
    const ARGUMENTS: [(&str, &str); 8] = [
        ("{ $name }", "zoom"),
        ("{ $sp }", "zoom"),
        ("{ $version }", SHA256),
        ("{}", "zoom"),
        ("{name}", "zoom"),
        ("{version}", SHA256),
        ("NAME", "zoom"),
        ("SHA256", SHA256),
    ];
    const SHA256: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    /// Where a command in a text is over at the latest.
    const ENDS: [char; 12] = [
        '`', '"', '”', '»', ',', ';', ':', '.', '(', ')', '\n', '\u{a0}',
    ];

    /// The sources and the texts, without comments and tests, and with each string on one line.
    fn sources() -> Vec<(PathBuf, String)> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut folders = vec![root.join("src"), root.join("locales")];
        let mut sources = Vec::new();
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                let name = path.file_name().unwrap().to_str().unwrap();
                if path.is_dir() {
                    folders.extend((name != "tests").then_some(path));
                    continue;
                }
                if name.ends_with("tests.rs") {
                    continue;
                }
                let is_rust = path.extension() == Some("rs".as_ref());
                let comment = if is_rust { "//" } else { "#" };
                let text = fs::read_to_string(&path).unwrap();
                let told = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
                let lines = { told.lines() }.filter(|it| !it.trim_start().starts_with(comment));
                let lines = lines.collect::<Vec<_>>().join("\n");
                let joined = lines.split("\\\n").map(str::trim_start).collect();
                sources.push((path, joined));
            }
        }
        sources
    }

    #[test]
    fn no_command_that_is_told_lacks_anything_that_it_needs() {
        let is_taken = |words: &[&str]| {
            let typed = [&["passerelle"][..], words].concat();
            CommandLine::command().try_get_matches_from(typed).is_ok()
        };
        let mut count = 0;
        for (path, text) in sources() {
            // A name of ours under which something is hashed.
            let text = text.replace("b\"passerelle ", "");
            for part in text.split(PROGRAM).skip(1) {
                let is_one = { READ_ONE.iter().chain(&["hash-password", "init", "keys"]) }
                    .any(|command| begins_with(part, command));
                if !is_one {
                    continue;
                }
                let told = part.split(ENDS).next().unwrap();
                let rest = part.strip_prefix(told).unwrap();
                let mut typed = told.to_owned();
                for (stands_for, argument) in ARGUMENTS {
                    typed = typed.replace(stands_for, argument);
                }
                let words: Vec<_> = typed.split_whitespace().collect();
                // Without quotation marks the sentence may go on behind it.
                let least = if rest.starts_with('`') {
                    words.len()
                } else {
                    1
                };
                let is_whole = (least..=words.len()).any(|count| is_taken(&words[..count]));
                let address = { words.windows(2) }.find(|pair| pair[0] == "--metadata");
                let has_address = address.is_none_or(|pair| pair[1] == "URL");
                assert!(
                    is_whole && has_address,
                    "{}: {PROGRAM}{told}",
                    path.display()
                );
                count += 1;
            }
        }
        assert!(count > 50, "{count}");
    }

    #[test]
    fn each_command_is_known_and_takes_a_configuration_before_it() {
        let line = CommandLine::command();
        for command in line.get_subcommands() {
            let name = command.get_name();
            let is_known = READ_ONE.iter().any(|known| begins_with(known, name));
            assert_eq!(
                is_known,
                !["init", "hash-password"].contains(&name),
                "{name}"
            );
        }
        for text in READ_ONE {
            let words = text.split(' ').chain(["--help"]);
            let typed = ["passerelle", "--config", "p.toml"]
                .into_iter()
                .chain(words);
            let told = CommandLine::command().try_get_matches_from(typed);
            assert_eq!(
                told.unwrap_err().kind(),
                clap::error::ErrorKind::DisplayHelp,
                "{text}"
            );
        }
    }
}
