//! Checks an expression word by word, after the engine has found that it is one.
//!
//! The engine would find an unknown filter, a call or a list in the place of a text only when it
//! runs, and a comparison of a list with a text not at all: it is false for everybody. A rule that
//! cannot do what it says is a fault of the configuration.

use super::{
    ExpressionFault,
    language::{LIST_FILTERS, OTHER_FILTERS, TESTS},
};

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Token<'a> {
    /// A text between quotes, without them.
    Text(&'a str),
    Word(&'a str),
    Number,
    Sign(&'a str),
}

/// Operators that compare or join texts.
const TEXT_SIGNS: [&str; 7] = ["!=", "<", "<=", "==", ">", ">=", "~"];
/// Words that are neither attributes nor filters nor tests.
const KEYWORDS: [&str; 13] = [
    "False", "None", "True", "and", "else", "false", "if", "in", "is", "none", "not", "or", "true",
];
/// Signs of the language; any other one is not offered.
const SIGNS: [&str; 17] = [
    // The longer ones first: the first that fits is taken.
    "!=", "<=", "==", ">=", "(", ")", ",", "-", ":", "<", ">", "[", "]", "{", "|", "}", "~",
];

/// Finds what would only show, or never show, when the expression runs. `is_attribute` says which
/// words the engine takes for names.
pub(super) fn check(
    source: &str,
    is_attribute: &dyn Fn(&str) -> bool,
) -> Result<(), ExpressionFault> {
    let tokens = read(source)?;
    check_parts(&tokens)?;
    let mut before: [Option<Token<'_>>; 2] = [None, None];
    let mut rest = tokens.as_slice();
    while let [token, after @ ..] = rest {
        if let Token::Word(word) = *token {
            check_word(word, before, after, is_attribute)?;
        }
        before = [Some(*token), before[0]];
        rest = after;
    }
    Ok(())
}

/// Refuses a part of a list (`mail[0:1]`): it is a list of the engine's own, which becomes a text
/// without a word. A colon stands between braces only.
fn check_parts(tokens: &[Token<'_>]) -> Result<(), ExpressionFault> {
    let mut open = Vec::new();
    for token in tokens {
        match *token {
            Token::Sign(sign @ ("(" | "[" | "{")) => open.push(sign),
            Token::Sign(")" | "]" | "}") => drop(open.pop()),
            Token::Sign(":") if open.last() != Some(&"{") => {
                return Err(ExpressionFault::NotOffered(":".to_owned()));
            }
            Token::Text(_) | Token::Word(_) | Token::Number | Token::Sign(_) => {}
        }
    }
    Ok(())
}

fn check_word(
    word: &str,
    before: [Option<Token<'_>>; 2],
    after: &[Token<'_>],
    is_attribute: &dyn Fn(&str) -> bool,
) -> Result<(), ExpressionFault> {
    let is_test = matches!(before, [Some(Token::Word("is")), _])
        || matches!(before, [Some(Token::Word("not")), Some(Token::Word("is"))]);
    if before[0] == Some(Token::Sign("|")) {
        return if LIST_FILTERS.contains(&word) || OTHER_FILTERS.contains(&word) {
            Ok(())
        } else {
            Err(ExpressionFault::UnknownFilter(word.to_owned()))
        };
    }
    if is_test && word != "not" {
        return if TESTS.contains(&word) {
            Ok(())
        } else {
            Err(ExpressionFault::UnknownTest(word.to_owned()))
        };
    }
    if KEYWORDS.contains(&word) {
        return Ok(());
    }
    if after.first() == Some(&Token::Sign("(")) {
        return Err(ExpressionFault::NotOffered(format!("{word}(…)")));
    }
    // The engine gives some words a meaning of their own (`loop`, `super`, the `e` of `1e3`).
    if !is_attribute(word) {
        return Err(ExpressionFault::NotOffered(word.to_owned()));
    }
    if is_list_as_text(before[0].is_some_and(takes_text), after) {
        return Err(ExpressionFault::ListAsText(word.to_owned()));
    }
    Ok(())
}

/// The values of a plain choice between texts, or lists of texts: `'a'`, or `['a'] if … else 'b' if … else 'c'`.
pub(super) fn closed_values(source: &str) -> Option<Vec<&str>> {
    let tokens = read(source).ok()?;
    let mut rest = tokens.as_slice();
    let mut values = Vec::new();
    loop {
        let (given, after) = constants(rest)?;
        // An escape would have to be read before the values can be compared.
        if given.iter().any(|value| value.contains('\\')) {
            return None;
        }
        values.extend(given);
        let [Token::Word("if"), condition @ ..] = after else {
            return after.is_empty().then_some(values);
        };
        let mut depth = 0_usize;
        rest = condition;
        loop {
            let [token, after @ ..] = rest else {
                return Some(values);
            };
            rest = after;
            match token {
                Token::Sign("(" | "[" | "{") => depth += 1,
                Token::Sign(")" | "]" | "}") => depth = depth.saturating_sub(1),
                Token::Word("else") if depth == 0 => break,
                Token::Text(_) | Token::Word(_) | Token::Number | Token::Sign(_) => {}
            }
        }
    }
}

/// A text, or a list of texts and of nothing else, and what follows it.
fn constants<'t, 'a>(tokens: &'t [Token<'a>]) -> Option<(Vec<&'a str>, &'t [Token<'a>])> {
    let mut rest = match tokens {
        [Token::Text(value), after @ ..] => return Some((vec![value], after)),
        [Token::Sign("["), inside @ ..] => inside,
        _ => return None,
    };
    let mut values = Vec::new();
    loop {
        rest = match rest {
            [Token::Sign("]"), after @ ..] => return Some((values, after)),
            [Token::Text(value), after @ ..] => {
                values.push(*value);
                match after {
                    [Token::Sign(","), after @ ..] => after,
                    [Token::Sign("]"), ..] => after,
                    _ => return None,
                }
            }
            _ => return None,
        };
    }
}

fn takes_text(token: Token<'_>) -> bool {
    matches!(token, Token::Sign(sign) if TEXT_SIGNS.contains(&sign))
}

/// Whether an attribute, with the filters that follow it, is still a list and stands where a text
/// belongs.
fn is_list_as_text(is_operand: bool, mut after: &[Token<'_>]) -> bool {
    while let [Token::Sign("|"), Token::Word(filter), rest @ ..] = after {
        if !LIST_FILTERS.contains(filter) {
            return false;
        }
        after = if rest.first() == Some(&Token::Sign("(")) {
            past_arguments(rest)
        } else {
            rest
        };
    }
    match after {
        [Token::Sign("["), ..] => false,
        [Token::Word("in"), ..] | [Token::Word("not"), Token::Word("in"), ..] => true,
        [next, ..] => is_operand || takes_text(*next),
        [] => is_operand,
    }
}

fn past_arguments<'t, 'a>(mut tokens: &'t [Token<'a>]) -> &'t [Token<'a>] {
    let mut depth = 0_usize;
    while let [token, rest @ ..] = tokens {
        tokens = rest;
        match token {
            Token::Sign("(") => depth += 1,
            Token::Sign(")") => depth = depth.saturating_sub(1),
            Token::Text(_) | Token::Word(_) | Token::Number | Token::Sign(_) => {}
        }
        if depth == 0 {
            break;
        }
    }
    tokens
}

fn read(source: &str) -> Result<Vec<Token<'_>>, ExpressionFault> {
    let mut tokens = Vec::new();
    let mut rest = source.trim_start();
    while let Some(first) = rest.chars().next() {
        let (token, after) = if first == '"' || first == '\'' {
            let (text, after) = quoted(rest, first)?;
            (Token::Text(text), after)
        } else if first.is_ascii_digit() {
            (
                Token::Number,
                rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == '_'),
            )
        } else if first.is_alphabetic() || first == '_' {
            let end = rest
                .find(|c: char| !c.is_alphanumeric() && c != '_')
                .unwrap_or(rest.len());
            let (word, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
            (Token::Word(word), after)
        } else {
            let fitting = SIGNS
                .into_iter()
                .find_map(|sign| Some((sign, rest.strip_prefix(sign)?)));
            let Some((sign, after)) = fitting else {
                return Err(ExpressionFault::NotOffered(first.to_string()));
            };
            (Token::Sign(sign), after)
        };
        tokens.push(token);
        rest = after.trim_start();
    }
    Ok(tokens)
}

/// A text between quotes, and what follows the closing one.
fn quoted(source: &str, quote: char) -> Result<(&str, &str), ExpressionFault> {
    let unclosed = || ExpressionFault::Syntax("a text does not end".to_owned());
    let inside = source.strip_prefix(quote).ok_or_else(unclosed)?;
    let mut is_escaped = false;
    for (index, c) in inside.char_indices() {
        if c == quote && !is_escaped {
            let (text, after) = inside.split_at_checked(index).ok_or_else(unclosed)?;
            return Ok((text, after.strip_prefix(quote).ok_or_else(unclosed)?));
        }
        is_escaped = c == '\\' && !is_escaped;
    }
    Err(unclosed())
}
