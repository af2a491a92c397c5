//! Walks the modules of the crate, from `lib.rs` and `main.rs` down.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use syn::{Attribute, Expr, ExprLit, Item, Lit, Meta};

/// The crate as it was read.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    /// Every file that holds a module.
    pub(crate) modules: Vec<Source>,
    /// What hides something from the reading.
    pub(crate) faults: Vec<String>,
}

/// One file.
#[derive(Debug)]
pub(crate) struct Source {
    /// Its place in the crate; empty for `lib.rs`.
    pub(crate) module: Vec<String>,
    /// Its name below `src`, for messages.
    pub(crate) file: String,
    /// Its text.
    pub(crate) text: String,
}

/// Reads the crate whose sources are in `src`.
pub(crate) fn read(src: &Path) -> Tree {
    let mut walk = Walk {
        src: src.to_owned(),
        tree: Tree::default(),
        seen: BTreeSet::new(),
    };
    walk.file(&src.join("lib.rs"), &[], src);
    walk.file(&src.join("main.rs"), &["main".to_owned()], src);
    walk.forgotten(src);
    walk.tree
}

struct Walk {
    src: PathBuf,
    tree: Tree,
    seen: BTreeSet<PathBuf>,
}

impl Walk {
    /// Reads `file`, which stands for `module` and has its modules in `folder`.
    fn file(&mut self, file: &Path, module: &[String], folder: &Path) {
        let name = file.strip_prefix(&self.src).unwrap().display().to_string();
        let text = std::fs::read_to_string(file)
            .unwrap_or_else(|fault| panic!("{}: {fault}", file.display()));
        let parsed = syn::parse_file(&text).unwrap_or_else(|fault| panic!("{name}: {fault}"));
        if module.is_empty() {
            for item in &parsed.items {
                if !matches!(item, Item::Mod(room) if room.content.is_none()) {
                    self.fault(&name, "lib.rs holds modules and nothing else");
                }
            }
        }
        if text.contains("include!") {
            self.fault(&name, "include! hides what it takes in");
        }
        self.seen.insert(file.to_owned());
        self.tree.modules.push(Source {
            module: module.to_vec(),
            file: name,
            text,
        });
        self.items(&parsed.items, file, module, folder);
    }

    fn items(&mut self, items: &[Item], file: &Path, module: &[String], folder: &Path) {
        for item in items {
            let Item::Mod(item) = item else { continue };
            let name = item.ident.to_string();
            let mut inner = module.to_vec();
            // A module of main.rs belongs to the program.
            inner.push(name.clone());
            let below = folder.join(&name);
            if let Some((_, items)) = &item.content {
                self.items(items, file, &inner, &below);
                continue;
            }
            let at = match named_file(&item.attrs) {
                // `#[path]` counts from the folder of the file that says it.
                Some(path) => file.parent().unwrap().join(path),
                None if folder.join(format!("{name}.rs")).exists() => {
                    folder.join(format!("{name}.rs"))
                }
                None => below.join("mod.rs"),
            };
            if at.exists() {
                self.file(&at, &inner, &below);
            } else {
                self.fault(&file.display().to_string(), &format!("no file for {name}"));
            }
        }
    }

    /// A file that no module declares is not compiled, and what is in it holds for nobody.
    fn forgotten(&mut self, folder: &Path) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                self.forgotten(&path);
            } else if path.extension().is_some_and(|kind| kind == "rs")
                && !self.seen.contains(&path)
            {
                self.fault(&path.display().to_string(), "no module declares this file");
            }
        }
    }

    fn fault(&mut self, file: &str, words: &str) {
        self.tree.faults.push(format!("{file}: {words}"));
    }
}

/// The value of `#[path = "…"]`.
fn named_file(attributes: &[Attribute]) -> Option<String> {
    attributes.iter().find_map(|attribute| {
        let Meta::NameValue(pair) = &attribute.meta else {
            return None;
        };
        let Expr::Lit(ExprLit {
            lit: Lit::Str(text),
            ..
        }) = &pair.value
        else {
            return None;
        };
        pair.path.is_ident("path").then(|| text.value())
    })
}

/// Lays out `files` as a crate, and reads it.
fn read_files(files: &[(&str, &str)]) -> Tree {
    let folder = tempfile::TempDir::new().unwrap();
    for (name, text) in files {
        let file = folder.path().join(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    }
    read(folder.path())
}

#[test]
fn a_module_is_found_where_the_compiler_finds_it() {
    let tree = read_files(&[
        ("lib.rs", "pub mod xml; pub mod sys;"),
        ("main.rs", "fn main() {}"),
        ("sys.rs", "mod clock;"),
        ("sys/clock.rs", ""),
        ("xml/mod.rs", "mod door; mod inner { mod deep; }"),
        ("xml/inner/deep.rs", ""),
        (
            "xml/door.rs",
            "#[cfg(test)] #[path = \"door_tests.rs\"] mod tests;",
        ),
        ("xml/door_tests.rs", ""),
    ]);
    assert_eq!(tree.faults, [""; 0]);
    let mut modules: Vec<String> = tree
        .modules
        .iter()
        .map(|source| format!("{}={}", source.module.join("::"), source.file))
        .collect();
    modules.sort();
    assert_eq!(
        modules,
        [
            "=lib.rs",
            "main=main.rs",
            "sys::clock=sys/clock.rs",
            "sys=sys.rs",
            "xml::door::tests=xml/door_tests.rs",
            "xml::door=xml/door.rs",
            "xml::inner::deep=xml/inner/deep.rs",
            "xml=xml/mod.rs",
        ]
    );
}

#[test]
fn what_hides_from_the_reading_is_a_fault() {
    let whole = [
        ("lib.rs", "pub mod xml;"),
        ("main.rs", "fn main() {}"),
        ("xml.rs", ""),
    ];
    assert_eq!(read_files(&whole).faults, [""; 0]);
    for (changed, fault) in [
        (("lib.rs", "pub mod xml; pub use xml::X;"), "nothing else"),
        (("lib.rs", "pub mod xml { }"), "nothing else"),
        (("lib.rs", "pub mod xml; mod gone;"), "no file for gone"),
        (("xml.rs", "include!(\"other.txt\");"), "include!"),
        (("forgotten.rs", ""), "no module declares"),
    ] {
        let mut files = whole.to_vec();
        files.retain(|(name, _)| *name != changed.0);
        files.push(changed);
        let faults = read_files(&files).faults.join("\n");
        assert!(faults.contains(fault), "{fault}: {faults}");
    }
}
