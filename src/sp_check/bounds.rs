//! Times: how they are written, and how far they may lie from now.

use jiff::{SignedDuration, Timestamp};

use super::{statements::MAX_VALUE_CHARS, subject::MAX_NAME_CHARS};

/// Whose times and ages a Response is held to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Profile {
    /// Zoom's, for a provider that has no rule on how old a sign-in may be: one of any age is taken.
    AnyAge,
    /// Zoom's, which are the defaults of the Spring Security SAML extension 1.0, and ours
    /// where it has none.
    Zoom,
}

/// The figures of a [`Profile`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// How far a clock may be wrong.
    pub(super) skew: SignedDuration,
    /// How old an assertion may be.
    pub(super) assertion_age: SignedDuration,
    /// How old a sign-in may be.
    pub(super) authn_age: SignedDuration,
    /// How long an assertion may be used.
    pub(super) lifetime: SignedDuration,
    /// How far `NotBefore` should lie back, at least and at most.
    pub(super) backdated: (SignedDuration, SignedDuration),
}

impl Profile {
    /// What its rules hold to, by the names that the texts of [`Rule`](super::Rule) have for it: seconds, but for `lifetime`,
    /// which is in minutes, and for `name` and `value`, in characters.
    pub fn figures(self) -> [(&'static str, i64); 8] {
        let bounds = self.bounds();
        let (least, most) = bounds.backdated;
        let characters = |most| i64::try_from(most).unwrap_or(i64::MAX);
        [
            ("skew", bounds.skew.as_secs()),
            ("assertion", bounds.assertion_age.as_secs()),
            ("authn", bounds.authn_age.as_secs()),
            ("lifetime", bounds.lifetime.as_mins()),
            ("least", least.as_secs()),
            ("most", most.as_secs()),
            ("name", characters(MAX_NAME_CHARS)),
            ("value", characters(MAX_VALUE_CHARS)),
        ]
    }

    pub(super) const fn bounds(self) -> Bounds {
        match self {
            Self::AnyAge => Bounds {
                authn_age: SignedDuration::MAX,
                ..Self::Zoom.bounds()
            },
            Self::Zoom => Bounds {
                skew: SignedDuration::from_secs(60),
                assertion_age: SignedDuration::from_secs(3_000),
                authn_age: SignedDuration::from_secs(7_200),
                lifetime: SignedDuration::from_mins(5),
                backdated: (
                    SignedDuration::from_secs(60),
                    SignedDuration::from_secs(120),
                ),
            },
        }
    }
}

impl Bounds {
    /// Whether `at` is not older than `max_age`, and ahead of `now` by no more than the skew.
    pub(super) fn allow(&self, at: Timestamp, now: Timestamp, max_age: SignedDuration) -> bool {
        let age = now.duration_since(at);
        age <= max_age && age >= -self.skew
    }
}

/// Reads an instant as SAML has it: `xs:dateTime` in UTC, with `Z` (saml-core-2.0 §1.3.3).
pub(super) fn parse_instant(text: &str) -> Option<Timestamp> {
    let written = text.strip_suffix('Z')?;
    let (seconds, fraction) = match written.split_once('.') {
        Some((seconds, fraction)) => (seconds, fraction),
        None => (written, "0"),
    };
    let pattern = "0000-00-00T00:00:00";
    let fits = seconds.len() == pattern.len()
        && seconds.bytes().zip(pattern.bytes()).all(|(byte, form)| {
            if form == b'0' {
                byte.is_ascii_digit()
            } else {
                byte == form
            }
        })
        // No such second in `xs:dateTime`.
        && !seconds.ends_with(":60")
        && !fraction.is_empty()
        && fraction.bytes().all(|byte| byte.is_ascii_digit());
    if fits { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sign_in_of_any_age_is_taken_but_none_that_is_still_to_come() {
        let now: Timestamp = "2026-11-25T12:00:00Z".parse().unwrap();
        let takes = |profile: Profile, hours: i64| {
            let bounds = profile.bounds();
            let at = now - SignedDuration::from_hours(hours);
            bounds.allow(at, now, bounds.authn_age)
        };
        assert!(takes(Profile::AnyAge, 8));
        assert!(!takes(Profile::AnyAge, -1));
        assert!(!takes(Profile::Zoom, 8));
    }

    #[test]
    fn an_instant_is_utc_and_nothing_else() {
        for good in ["2026-11-25T12:00:00Z", "2026-11-25T12:00:00.123Z"] {
            assert!(parse_instant(good).is_some(), "{good}");
        }
        for bad in [
            "",
            "Z",
            "2026-11-25",
            "2026-11-25T12:00:00",
            "2026-11-25T12:00:00+00:00",
            "2026-11-25T13:00:00+01:00",
            "2026-11-25t12:00:00z",
            "2026-11-25 12:00:00Z",
            "20261125T120000Z",
            "2026-11-25T12:00Z",
            "2026-11-25T12:00:00.Z",
            "2026-11-25T12:00:00,5Z",
            "2026-11-25T12:00:60Z",
            "2026-11-31T12:00:00Z",
            " 2026-11-25T12:00:00Z",
            "2026-11-25T12:00:00Z ",
            "2026-11-25T12:00:00ZZ",
            "2026-11-25T12:00:00[UTC]Z",
        ] {
            assert!(parse_instant(bad).is_none(), "{bad}");
        }
    }
}
