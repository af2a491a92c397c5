//! Random values that a browser keeps for us in a cookie.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use openssl::sha::Sha256;

use super::{
    entropy::{self, Entropy},
    secret::same,
};

/// 256 random bits that only one browser knows.
///
/// We keep its hash and never the value itself.
#[derive(Clone)]
pub struct Token([u8; 32]);

impl Token {
    /// Draws a new one.
    pub fn draw(entropy: &dyn Entropy) -> Self {
        Self(entropy::bytes(entropy))
    }

    /// Reads the value of a cookie; none unless it is exactly what [`Self::text`] writes.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        Some(Self(bytes.try_into().ok()?))
    }

    /// The value for the cookie: 43 characters of base64url.
    pub fn text(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    /// What we keep of it.
    pub fn hash(&self) -> [u8; 32] {
        self.digest("passerelle token", "")
    }

    /// Whether `hash` is what we kept of it.
    pub fn is_of(&self, hash: &[u8; 32]) -> bool {
        same(&self.hash(), hash)
    }

    /// A value for a form that only the browser with this token can send back, and only for
    /// `purpose` and `about`.
    pub fn form_key(&self, purpose: &str, about: &str) -> String {
        URL_SAFE_NO_PAD.encode(self.digest(purpose, about))
    }

    /// Whether `offered` is the [`Self::form_key`] of `purpose` and `about`.
    pub fn opens_form(&self, purpose: &str, about: &str, offered: &str) -> bool {
        same(self.form_key(purpose, about).as_bytes(), offered.as_bytes())
    }

    fn digest(&self, purpose: &str, about: &str) -> [u8; 32] {
        let mut hash = Sha256::new();
        for part in [purpose.as_bytes(), &self.0, about.as_bytes()] {
            hash.update(&(part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        hash.finish()
    }
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::entropy::OsEntropy;

    #[test]
    fn a_token_is_read_back_from_its_own_text_only() {
        let token = Token::draw(&OsEntropy);
        let text = token.text();
        assert!(Token::parse(&text).unwrap().is_of(&token.hash()));
        for bad in [
            "",
            "x",
            text.strip_suffix(|_: char| true).unwrap(),
            &format!("{text}A"),
            &format!("{text}="),
            &format!("!{text}"),
        ] {
            assert!(Token::parse(bad).is_none(), "{bad}");
        }
        assert!(!Token::draw(&OsEntropy).is_of(&token.hash()));
    }

    #[test]
    fn r52_a_form_key_fits_one_browser_one_purpose_and_one_thing() {
        let (mine, other) = (Token::draw(&OsEntropy), Token::draw(&OsEntropy));
        let key = mine.form_key("sign-in", "seal");
        assert!(mine.opens_form("sign-in", "seal", &key));
        assert!(!other.opens_form("sign-in", "seal", &key));
        assert!(!mine.opens_form("logout", "seal", &key));
        assert!(!mine.opens_form("sign-in", "other", &key));
        assert!(!mine.opens_form("sign-in", "seal", ""));
        assert!(!mine.opens_form("sign-in", "seal", &mine.text()));
    }
}
