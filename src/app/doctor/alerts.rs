//! Whether anybody hears of what ends: `[alerts]`.

use std::path::Path;

use super::Finding;
use crate::{app::alerts, config::Config};

const CHECK: &str = "alerts";

/// That nobody hears of it, where there are people to be shut out by it. In a lab there are none.
pub(super) fn finding(path: &Path, config: &Config) -> Option<Finding> {
    let mut providers = config.service_providers.iter();
    let is_in_use = !config.is_lab() && providers.any(|sp| sp.enabled);
    (is_in_use && config.alerts.is_none()).then(|| {
        Finding::warning(
            CHECK,
            "nobody hears of a certificate or of metadata that ends, but for the log: the configuration has no [alerts]",
            alerts::smallest(path, &config.organization.technical_contact),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::{super::Verdict, *};
    use crate::setup::test_support::{Case, ZOOM};

    #[test]
    fn where_people_sign_in_and_nobody_is_told_of_what_ends_that_is_a_warning() {
        let path = Path::new("/etc/p.toml");
        let look = |tables: &str| Case::of(tables).look(|_, config| finding(path, config));
        let found = look(ZOOM).unwrap();
        assert_eq!(found.verdict, Verdict::Warning);
        let hint = found.hint.unwrap();
        assert!(hint.contains("/etc/p.toml"), "{hint}");
        // What it has somebody paste is taken where it is to be pasted, and mends it.
        let (_, lines) = hint.split_once('\n').unwrap();
        let sendmail = "sendmail = ['people.toml']";
        let mended = look(&format!("{ZOOM}\n{lines}\n{sendmail}\n"));
        assert_eq!(mended, None);
        assert!(lines.contains("to = [\"sso@univ.example\"]"), "{lines}");
        // Nobody signs in.
        assert_eq!(look(&format!("{ZOOM}enabled = false\n")), None);
    }
}
