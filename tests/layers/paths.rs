//! Finds the paths in a source text, and what they lead to.

use std::collections::BTreeSet;

use syn::buffer::{Cursor, TokenBuffer};

/// What a path leads to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Found {
    /// The crate's root itself.
    Root,
    /// A module at the crate's root.
    Room(String),
    /// Another crate.
    Library(String),
}

/// Our own crate's name, as `main.rs` and a `use ::…` say it.
const OWN: &str = "passerelle";

/// Words before a path that are no part of it.
const KEY_WORDS: &[&str] = &[
    "as", "await", "break", "const", "dyn", "else", "for", "if", "impl", "in", "let", "match",
    "move", "mut", "ref", "return", "static", "unsafe", "use", "where", "while", "yield",
];

/// All paths of `source`, which stands for `module`, with what each leads to.
///
/// Paths that lead to something of the same scope are left out.
pub(crate) fn of(module: &[String], source: &str) -> Vec<(String, Found)> {
    let tokens = tokens(source).unwrap_or_else(|fault| panic!("{module:?}: {fault}"));
    let mut reader = Reader {
        module: module.to_vec(),
        local: BTreeSet::new(),
        found: Vec::new(),
    };
    reader.declared(&tokens);
    reader.read(&tokens);
    reader.found
}

/// A token, as far as paths go.
#[derive(Clone, Debug, Eq, PartialEq)]
enum Token {
    Word(String),
    /// `::`
    Colons,
    Punct(char),
    /// The text of a string literal, or nothing for other literals.
    Literal(Option<String>),
    Group(Vec<Self>),
}

fn tokens(source: &str) -> syn::Result<Vec<Token>> {
    let stream = source.parse()?;
    Ok(flatten(TokenBuffer::new2(stream).begin()))
}

fn flatten(mut cursor: Cursor<'_>) -> Vec<Token> {
    let mut tokens = Vec::new();
    while !cursor.eof() {
        if let Some((inside, _, _, after)) = cursor.any_group() {
            tokens.push(Token::Group(flatten(inside)));
            cursor = after;
        } else if let Some((word, after)) = cursor.ident() {
            let word = word.to_string();
            let plain = word.strip_prefix("r#").unwrap_or(&word);
            tokens.push(Token::Word(plain.to_owned()));
            cursor = after;
        } else if let Some((punct, after)) = cursor.punct() {
            tokens.push(Token::Punct(punct.as_char()));
            cursor = after;
        } else if let Some((literal, after)) = cursor.literal() {
            let text = syn::parse_str::<syn::LitStr>(&literal.to_string());
            tokens.push(Token::Literal(text.ok().map(|text| text.value())));
            cursor = after;
        } else if let Some((_, after)) = cursor.lifetime() {
            tokens.push(Token::Literal(None));
            cursor = after;
        } else {
            panic!("an unknown kind of token");
        }
    }
    join_colons(tokens)
}

/// Makes `::` of two colons. Of three, as in `a: ::b`, the first stands alone.
fn join_colons(tokens: Vec<Token>) -> Vec<Token> {
    let mut joined = Vec::new();
    let mut colons = 0_usize;
    for token in tokens.into_iter().chain([Token::Punct(';')]) {
        if token == Token::Punct(':') {
            colons += 1;
            continue;
        }
        joined.extend((0..colons % 2).map(|_| Token::Punct(':')));
        joined.extend((0..colons / 2).map(|_| Token::Colons));
        colons = 0;
        joined.push(token);
    }
    joined.pop();
    joined
}

struct Reader {
    module: Vec<String>,
    /// The modules that the file declares: a path may begin with one, and then names no library.
    local: BTreeSet<String>,
    found: Vec<(String, Found)>,
}

impl Reader {
    fn declared(&mut self, tokens: &[Token]) {
        for pair in tokens.windows(2) {
            if let [Token::Word(key), Token::Word(name)] = pair
                && key == "mod"
            {
                self.local.insert(name.clone());
            }
        }
    }

    fn read(&mut self, tokens: &[Token]) {
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            let before = at.checked_sub(1).and_then(|before| tokens.get(before));
            match token {
                Token::Word(_) => at = self.read_path(tokens, at, false),
                Token::Colons => {
                    let is_tail = is_tail(tokens, at);
                    at += 1;
                    if matches!(tokens.get(at), Some(Token::Word(_) | Token::Group(_))) {
                        if is_tail {
                            at = skip_path(tokens, at);
                        } else {
                            at = self.read_path(tokens, at, true);
                        }
                    }
                }
                Token::Group(inside) => {
                    self.read_group(tokens, at, inside, before);
                    at += 1;
                }
                Token::Punct(_) | Token::Literal(_) => at += 1,
            }
        }
    }

    fn read_group(
        &mut self,
        tokens: &[Token],
        at: usize,
        inside: &[Token],
        before: Option<&Token>,
    ) {
        let is_attribute = matches!(before, Some(Token::Punct('#' | '!')));
        let two_before = at.checked_sub(2).and_then(|place| tokens.get(place));
        match (two_before, before) {
            // What a path after `use` may be: a list without a head.
            (_, Some(Token::Word(word))) if word == "use" => self.list(&[], false, inside),
            (Some(Token::Word(key)), Some(Token::Word(name))) if key == "mod" => {
                self.module.push(name.clone());
                self.read(inside);
                self.module.pop();
            }
            (_, _) if is_attribute => self.read_attribute(inside),
            (_, _) => self.read(inside),
        }
    }

    /// Attributes name paths in strings, too; those of documentation are only read by people.
    fn read_attribute(&mut self, inside: &[Token]) {
        if inside.first() == Some(&Token::Word("doc".to_owned())) {
            return;
        }
        self.read(inside);
        self.read_literals(inside);
    }

    fn read_literals(&mut self, inside: &[Token]) {
        for token in inside {
            match token {
                Token::Literal(Some(text)) => {
                    if let Ok(tokens) = tokens(text) {
                        self.read(&tokens);
                    }
                }
                Token::Group(inside) => self.read_literals(inside),
                Token::Word(_) | Token::Colons | Token::Punct(_) | Token::Literal(None) => {}
            }
        }
    }

    /// Reads the path that begins at `at`; gives the place after it.
    fn read_path(&mut self, tokens: &[Token], at: usize, is_absolute: bool) -> usize {
        let word_before = match at.checked_sub(1).and_then(|before| tokens.get(before)) {
            Some(Token::Word(word)) => word.as_str(),
            Some(Token::Colons | Token::Punct(_) | Token::Literal(_) | Token::Group(_)) | None => {
                ""
            }
        };
        let is_renamed = tokens.get(at + 1) == Some(&Token::Word("as".to_owned()));
        let is_import = match word_before {
            "use" | "crate" => true,
            // `::lib` after `use`.
            "" => is_absolute,
            _ => false,
        };
        if let (Some(Token::Group(inside)), true) = (tokens.get(at), is_absolute) {
            self.list(&[], true, inside);
            return at + 1;
        }
        let end = skip_path(tokens, at);
        let is_short = end == at + 1;
        // A lone word is a path only where something is imported; `pub(crate)` is none.
        if is_short && !is_import {
            return end;
        }
        // `extern crate name`: `crate` itself is the key word here.
        if is_short && word_before == "extern" {
            return end;
        }
        let is_extern_self = word_before == "crate" && is_renamed;
        let before = self.found.len();
        self.path(&[], is_absolute, tokens.get(at..end).unwrap_or_default());
        if is_extern_self && tokens.get(at) == Some(&Token::Word("self".to_owned())) {
            self.found.truncate(before);
            self.found.push(("self".to_owned(), Found::Root));
        }
        // `pub(in super::super)` says who may see, and uses nothing.
        if word_before == "in" {
            let mut place = 0;
            self.found.retain(|(_, found)| {
                place += 1;
                place <= before || *found != Found::Root
            });
        }
        end
    }

    /// Reads one path, or one entry of a list, below `head`.
    fn path(&mut self, head: &[String], is_absolute: bool, tokens: &[Token]) {
        let mut whole = head.to_vec();
        for token in tokens {
            match token {
                Token::Word(word) if word == "as" => break,
                // `{self}` is the head itself.
                Token::Word(word) if word == "self" && !whole.is_empty() => {}
                Token::Word(word) => whole.push(word.clone()),
                Token::Punct('*') => whole.push("*".to_owned()),
                Token::Group(inside) => return self.list(&whole, is_absolute, inside),
                Token::Colons | Token::Punct(_) | Token::Literal(_) => {}
            }
        }
        if let Some(found) = self.resolve(&whole, is_absolute) {
            self.found.push((whole.join("::"), found));
        }
    }

    fn list(&mut self, head: &[String], is_absolute: bool, inside: &[Token]) {
        for entry in inside.split(|token| *token == Token::Punct(',')) {
            let is_absolute = is_absolute || entry.first() == Some(&Token::Colons);
            if !entry.is_empty() {
                self.path(head, is_absolute, entry);
            }
        }
    }

    fn resolve(&self, path: &[String], is_absolute: bool) -> Option<Found> {
        let mut rest = path.iter().map(String::as_str).peekable();
        let mut base: Vec<&str> = match *rest.peek()? {
            "crate" | OWN => {
                rest.next();
                Vec::new()
            }
            "self" | "super" if !is_absolute => self.module.iter().map(String::as_str).collect(),
            "self" | "super" | "Self" => return None,
            name if !is_absolute && self.local.contains(name) => return None,
            name => return Some(Found::Library(name.to_owned())),
        };
        for word in rest {
            match word {
                "self" => {}
                "super" => {
                    base.pop();
                }
                name => base.push(name),
            }
        }
        match base.first() {
            None | Some(&"*") => Some(Found::Root),
            Some(room) => Some(Found::Room((*room).to_owned())),
        }
    }
}

/// Whether the `::` at `at` goes on from a type, as in `<T as Trait>::new` and `f::<T>::new`.
fn is_tail(tokens: &[Token], at: usize) -> bool {
    let back = |steps: usize| at.checked_sub(steps).and_then(|place| tokens.get(place));
    match back(1) {
        Some(Token::Punct('>')) => !matches!(back(2), Some(Token::Punct('=' | '-'))),
        Some(Token::Group(_)) => true,
        Some(Token::Word(_) | Token::Colons | Token::Punct(_) | Token::Literal(_)) | None => false,
    }
}

/// The place after the path that begins at `at`: words joined by `::`, at the end maybe a list or
/// a star.
fn skip_path(tokens: &[Token], at: usize) -> usize {
    let mut end = at + 1;
    if matches!(tokens.get(at), Some(Token::Word(word)) if KEY_WORDS.contains(&word.as_str())) {
        // What follows it begins with `::` and is a path of its own.
        return end;
    }
    while tokens.get(end) == Some(&Token::Colons) {
        match tokens.get(end + 1) {
            Some(Token::Word(_)) => end += 2,
            Some(Token::Group(_) | Token::Punct('*')) => return end + 2,
            Some(Token::Colons | Token::Punct(_) | Token::Literal(_)) | None => break,
        }
    }
    end
}
