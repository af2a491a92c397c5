//! What a server says of the password beside the result of a bind.
//!
//! The response control of the password policy for LDAP directories
//! (draft-behera-ldap-password-policy-10 §6.2), and the two older controls of Netscape's line
//! (389 Directory Server and others: draft-vchu-ldap-pwd-policy-00).

use jiff::SignedDuration;

use super::ber::{self, Elements, NotBer, SEQUENCE};

/// The control that asks what there is to say; without a value, and not critical: a server that does
/// not know it binds all the same.
pub(super) const REQUEST: &str = PASSWORD_POLICY;
/// The response control of the same name.
const PASSWORD_POLICY: &str = "1.3.6.1.4.1.42.2.27.8.5.1";
/// "The password must be changed": the bind succeeded, and nothing else will.
const MUST_CHANGE: &str = "2.16.840.1.113730.3.4.4";
/// "The password expires": in as many seconds as the value says.
const EXPIRES: &str = "2.16.840.1.113730.3.4.5";

/// What a server says of a password.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct PolicyAnswer {
    pub(super) error: Option<PolicyError>,
    pub(super) warning: Option<PasswordWarning>,
}

/// Why a password is not good although it may be right.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum PolicyError {
    Expired,
    Locked,
    /// It must be changed before anything else.
    MustChange,
    /// One of the rules about new passwords, or a number that is not known.
    Other,
}

/// That a password ends soon.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum PasswordWarning {
    /// In this time.
    ExpiresIn(SignedDuration),
    /// It has ended, and works for so many more sign-ins.
    GraceLogins(u32),
}

/// Reads the controls that came with the result of a bind: name and value of each.
pub(super) fn read<'c>(
    controls: impl Iterator<Item = (&'c str, Option<&'c [u8]>)>,
) -> PolicyAnswer {
    let mut answer = PolicyAnswer::default();
    for (name, value) in controls {
        match name {
            PASSWORD_POLICY => {
                // A value that cannot be read is a state that is not known: no sign-in.
                let said = read_policy(value.unwrap_or_default()).unwrap_or(PolicyAnswer {
                    error: Some(PolicyError::Other),
                    warning: None,
                });
                // Of two words, the one that stops counts.
                answer.error = answer.error.or(said.error);
                answer.warning = answer.warning.or(said.warning);
            }
            MUST_CHANGE => answer.error = answer.error.or(Some(PolicyError::MustChange)),
            EXPIRES if answer.warning.is_none() => {
                let seconds = value
                    .and_then(|value| str::from_utf8(value).ok())
                    .and_then(|text| text.trim().parse::<u32>().ok());
                answer.warning = seconds.map(expires_in);
            }
            _ => {}
        }
    }
    answer
}

/// `SEQUENCE { warning [0] CHOICE { timeBeforeExpiration [0] INTEGER, graceAuthNsRemaining [1]
/// INTEGER } OPTIONAL, error [1] ENUMERATED OPTIONAL }`
fn read_policy(value: &[u8]) -> Result<PolicyAnswer, NotBer> {
    let mut answer = PolicyAnswer::default();
    if value.is_empty() {
        return Ok(answer);
    }
    let mut parts = Elements::of(Elements::of(value).expect(SEQUENCE)?);
    while let Some((tag, content)) = parts.next()? {
        match tag {
            0xa0 => {
                let mut choice = Elements::of(content);
                answer.warning = match choice.next()? {
                    Some((0x80, seconds)) => Some(expires_in(ber::number(seconds)?)),
                    Some((0x81, logins)) => {
                        Some(PasswordWarning::GraceLogins(ber::number(logins)?))
                    }
                    Some(_) | None => return Err(NotBer),
                };
                choice.end()?;
            }
            0x81 => {
                answer.error = Some(match content {
                    [0] => PolicyError::Expired,
                    [1] => PolicyError::Locked,
                    [2] => PolicyError::MustChange,
                    _ => PolicyError::Other,
                });
            }
            _ => return Err(NotBer),
        }
    }
    Ok(answer)
}

fn expires_in(seconds: u32) -> PasswordWarning {
    PasswordWarning::ExpiresIn(SignedDuration::from_secs(seconds.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(value: &[u8]) -> PolicyAnswer {
        read([(PASSWORD_POLICY, Some(value))].into_iter())
    }

    #[test]
    fn r75_the_control_of_the_draft_is_read() {
        // As slapd 2.5 writes them.
        let none = PolicyAnswer::default();
        assert_eq!(policy(&[0x30, 0x00]), none);
        let error = |error| PolicyAnswer {
            error: Some(error),
            warning: None,
        };
        assert_eq!(policy(&[0x30, 3, 0x81, 1, 0]), error(PolicyError::Expired));
        assert_eq!(policy(&[0x30, 3, 0x81, 1, 1]), error(PolicyError::Locked));
        assert_eq!(
            policy(&[0x30, 3, 0x81, 1, 2]),
            error(PolicyError::MustChange)
        );
        assert_eq!(policy(&[0x30, 3, 0x81, 1, 8]), error(PolicyError::Other));
        let warning = |warning| PolicyAnswer {
            error: None,
            warning: Some(warning),
        };
        let soon = [0x30, 6, 0xa0, 4, 0x80, 2, 0x0e, 0x10];
        assert_eq!(policy(&soon), warning(expires_in(3600)));
        let grace = [0x30, 5, 0xa0, 3, 0x81, 1, 2];
        assert_eq!(policy(&grace), warning(PasswordWarning::GraceLogins(2)));
    }

    #[test]
    fn r75_a_control_that_cannot_be_read_is_a_state_that_is_not_known() {
        for broken in [
            &b"\x02\x01\x00"[..],
            b"\x30\x05\xa0",
            b"\x30\x03\x82\x01\x00",
            b"\x30\x04\xa0\x02\x85\x00",
            b"\x30\x0c\xa0\x0a\x80\x08\xff\xff\xff\xff\xff\xff\xff\xff",
        ] {
            assert_eq!(policy(broken).error, Some(PolicyError::Other), "{broken:?}");
        }
    }

    #[test]
    fn r75_the_older_controls_are_read() {
        let answer = read([(MUST_CHANGE, Some(&b"0"[..]))].into_iter());
        assert_eq!(answer.error, Some(PolicyError::MustChange));
        let answer = read([(EXPIRES, Some(&b"86400"[..])), ("1.2.3", None)].into_iter());
        assert_eq!(answer.warning, Some(expires_in(86_400)));
        assert_eq!(answer.error, None);
        let both = [
            (MUST_CHANGE, Some(&b"0"[..])),
            (PASSWORD_POLICY, Some(&[0x30, 0][..])),
        ];
        let answer = read(both.into_iter());
        assert_eq!(answer.error, Some(PolicyError::MustChange));
    }
}
