//! Until when a description counts, and how soon it ought to be looked at again
//! (saml-metadata-2.0 §2.3.1, §2.3.2 and §2.4.1: `validUntil` and `cacheDuration`).
//!
//! Both may stand on the role, on its entity and on every group around that; the earliest and the
//! shortest one counts.

use jiff::{SignedDuration, Timestamp, civil::DateTime, tz::TimeZone};

use super::finding::Finding;
use crate::xml::door::Element;

/// How long before the end of a file it is told.
const SOON: SignedDuration = SignedDuration::from_hours(14 * 24);

/// What all levels together say.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Validity {
    /// When the description ends.
    pub(super) valid_until: Option<Timestamp>,
    /// After how long it ought to be fetched again.
    pub(super) cache_duration: Option<SignedDuration>,
}

/// Reads what `role` and all that is around it say.
pub(super) fn read(role: Element<'_, '_>, findings: &mut Vec<Finding>) -> Validity {
    let mut validity = Validity::default();
    let mut level = Some(role);
    while let Some(element) = level {
        if let Some(text) = element.attribute("validUntil") {
            match parse_instant(text.trim()) {
                Some(end) => {
                    let known = validity.valid_until.unwrap_or(end);
                    validity.valid_until = Some(known.min(end));
                }
                None => findings.push(Finding::ValidUntil),
            }
        }
        if let Some(text) = element.attribute("cacheDuration") {
            match parse_duration(text.trim()) {
                Some(duration) => {
                    let known = validity.cache_duration.unwrap_or(duration);
                    validity.cache_duration = Some(known.min(duration));
                }
                None => findings.push(Finding::CacheDuration),
            }
        }
        level = element.parent();
    }
    validity
}

impl Validity {
    /// Tells of an end that is past or near, and, where a description may count for `max_days` at
    /// most, of one that counts for longer or for ever (R-90, IIP-MD04).
    pub(super) fn judge(&self, max_days: Option<u32>, now: Timestamp, findings: &mut Vec<Finding>) {
        let latest = max_days.map(|days| {
            let span = SignedDuration::from_hours(i64::from(days) * 24);
            now.saturating_add(span).unwrap_or(Timestamp::MAX)
        });
        match (self.valid_until, latest) {
            (Some(end), _) if end <= now => findings.push(Finding::Expired(end)),
            (Some(end), Some(latest)) if end > latest => findings.push(Finding::ValidTooLong(end)),
            (None, Some(_)) => findings.push(Finding::ValidForEver),
            (Some(end), _) if end.duration_since(now) < SOON => {
                findings.push(Finding::ExpiresSoon(end));
            }
            (Some(_) | None, _) => {}
        }
    }
}

/// Reads an `xs:dateTime`; without a time zone it is UTC (saml-core-2.0 §1.3.3).
fn parse_instant(text: &str) -> Option<Timestamp> {
    // What else the parser takes is no `xs:dateTime`: other separators, names of zones.
    let has_shape = text.get(10..11) == Some("T")
        && text.get(16..17) == Some(":")
        && text
            .bytes()
            .all(|b| b.is_ascii_digit() || b"-:.TZ+".contains(&b));
    if !has_shape {
        return None;
    }
    // Who means "for ever" writes the last day that can be written, which is past what fits.
    if text.starts_with("9999-12-3") && text.get(..19)?.parse::<DateTime>().is_ok() {
        return Some(Timestamp::MAX);
    }
    text.parse()
        .or_else(|_zoneless| {
            text.parse::<DateTime>()
                .and_then(|utc| TimeZone::UTC.to_timestamp(utc))
        })
        .ok()
}

/// Reads an `xs:duration` (XML Schema part 2, §3.2.6). Negative ones, and
/// numbers of more than nine digits, are refused. A year counts 365 days and a month 28: it is better
/// to look again a little early.
fn parse_duration(text: &str) -> Option<SignedDuration> {
    const DAY: i64 = 24 * 60 * 60;
    let text = text.strip_prefix('P').filter(|text| !text.is_empty())?;
    let (date, time) = match text.split_once('T') {
        // A `T` with nothing behind it is no duration.
        Some((_, "")) => return None,
        Some((date, time)) => (date, time),
        None => (text, ""),
    };
    let mut seconds = 0_i64;
    let date_units = [('Y', 365 * DAY), ('M', 28 * DAY), ('D', DAY)];
    let time_units = [('H', 60 * 60), ('M', 60), ('S', 1)];
    for (mut rest, units) in [(date, date_units), (time, time_units)] {
        for (unit, length) in units {
            let Some((number, after)) = rest.split_once(unit) else {
                continue;
            };
            seconds = seconds.checked_add(parse_number(number, unit)?.checked_mul(length)?)?;
            rest = after;
        }
        if !rest.is_empty() {
            return None;
        }
    }
    Some(SignedDuration::from_secs(seconds))
}

/// Whole numbers; of seconds a fraction may follow, and counts for nothing.
fn parse_number(text: &str, unit: char) -> Option<i64> {
    let is_digits =
        |text: &str| (1..=9).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    let whole = match text.split_once('.') {
        Some((whole, fraction)) if unit == 'S' && is_digits(fraction) => whole,
        Some(_) => return None,
        None => text,
    };
    is_digits(whole).then(|| whole.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::{Limits, open};

    #[test]
    fn a_duration_is_read_part_by_part() {
        for (text, seconds) in [
            ("P1Y2M3DT4H5M6S", (365 + 56 + 3) * 86_400 + 4 * 3600 + 306),
            ("PT1S", 1),
            ("PT1.5S", 1),
            ("PT0.9S", 0),
            ("PT0S", 0),
            ("P0D", 0),
            ("PT6H", 21_600),
            ("PT5M", 300),
            ("P1M", 28 * 86_400),
            ("P0DT1H", 3600),
            ("P999999999Y", 999_999_999 * 365 * 86_400),
        ] {
            let expected = Some(SignedDuration::from_secs(seconds));
            assert_eq!(parse_duration(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_duration_is_refused() {
        for text in [
            "",
            "P",
            "PT",
            "T1H",
            "1D",
            "-P1D",
            "+P1D",
            "P-1D",
            "P1",
            "P1DT",
            "P1H",
            "PT1D",
            "P1D2Y",
            "PT1S2H",
            "P1D1D",
            "P1W",
            "P1.5D",
            "PT1.S",
            "PT.5S",
            "p1d",
            "P 1D",
            "P1D ",
            "P1234567890D",
            "PT1.1234567890S",
            "P\u{0661}D",
            "P1,5D",
            "PT1H1H",
        ] {
            assert_eq!(parse_duration(text), None, "{text}");
        }
    }

    #[test]
    fn an_instant_is_an_xs_datetime_and_nothing_else() {
        let at = |text: &str| parse_instant(text).map(|at| at.to_string());
        let expected = Some("2026-11-26T02:00:00Z".to_owned());
        for text in [
            "2026-11-26T02:00:00Z",
            "2026-11-26T02:00:00",
            "2026-11-26T03:00:00+01:00",
        ] {
            assert_eq!(at(text), expected, "{text}");
        }
        for text in [
            "",
            "2026-11-26",
            "2026-11-26 02:00:00Z",
            "2026-11-26t02:00:00z",
            "20261126T020000Z",
            "2026-11-26T02:00:00+01:00[Europe/Paris]",
            "2026-13-26T02:00:00Z",
            "2026-11-26T25:00:00Z",
            "2026-11-26T02:00:00-99:99",
            "9999-12-32T00:00:00Z",
            "9999-12-31T25:00:00Z",
            "\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}T02:00:00Z",
        ] {
            assert_eq!(at(text), None, "{text}");
        }
    }

    #[test]
    fn an_end_on_the_last_day_that_can_be_written_is_none_that_comes() {
        for text in [
            "9999-12-31T23:59:59Z",
            "9999-12-31T23:59:59",
            "9999-12-31T23:59:59.9999999Z",
            "9999-12-31T23:59:59.9999999+00:00",
            "9999-12-31T00:00:00-12:00",
        ] {
            assert_eq!(parse_instant(text), Some(Timestamp::MAX), "{text}");
        }
    }

    #[test]
    fn r90_the_earliest_and_the_shortest_of_all_levels_counts() {
        let years = ["2027", "2028", "2029", "2030"];
        let days = ["1", "2", "3", "4"];
        for turn in 0..4 {
            let level = |level: usize| {
                let place = (turn + level) % 4;
                format!(
                    "validUntil='{}-01-01T00:00:00Z' cacheDuration='P{}D'",
                    years[place], days[place]
                )
            };
            let xml = format!(
                "<g {}><g {}><e {}><r {}/></e></g></g>",
                level(0),
                level(1),
                level(2),
                level(3)
            );
            let document = open(xml.as_bytes(), &Limits::METADATA).unwrap();
            let role = document.root().descendants().last().unwrap();
            let mut findings = Vec::new();
            let expected = Validity {
                valid_until: Some("2027-01-01T00:00:00Z".parse().unwrap()),
                cache_duration: Some(SignedDuration::from_hours(24)),
            };
            assert_eq!(read(role, &mut findings), expected, "{turn}");
            assert!(findings.is_empty());
        }
    }

    #[test]
    fn a_level_that_cannot_be_read_is_a_fault_on_each_level() {
        let xml = "<g validUntil='never'><e cacheDuration='-P1D'><r validUntil=''/></e></g>";
        let document = open(xml.as_bytes(), &Limits::METADATA).unwrap();
        let role = document.root().descendants().last().unwrap();
        let mut findings = Vec::new();
        assert_eq!(read(role, &mut findings), Validity::default());
        assert_eq!(findings.len(), 3);
        assert!(findings.iter().all(Finding::is_fault));
    }
}
