//! The tests that ran and passed, by the requirements that their names name.

use std::collections::BTreeMap;

/// What begins the name of a test of a breach; before it may stand other numbers, as in `r08_breach_of_…`.
const BREACH: &str = "breach_of_";

/// The tests of each requirement.
#[derive(Debug, Default)]
pub(crate) struct Proofs {
    kept: BTreeMap<String, Vec<String>>,
    breach: BTreeMap<String, Vec<String>>,
}

impl Proofs {
    /// The tests that say that requirement `id` is kept, sorted.
    pub(crate) fn kept(&self, id: &str) -> &[String] {
        self.kept.get(id).map_or(&[], Vec::as_slice)
    }

    /// The tests that say that the breach of requirement `id` is refused, sorted.
    pub(crate) fn breach(&self, id: &str) -> &[String] {
        self.breach.get(id).map_or(&[], Vec::as_slice)
    }

    /// Every requirement that a test names.
    pub(crate) fn ids(&self) -> impl Iterator<Item = &str> {
        self.kept
            .keys()
            .chain(self.breach.keys())
            .map(String::as_str)
    }
}

/// Reads what `cargo test` printed: lines such as `test room::tests::iip_md07_… ... ok`.
pub(crate) fn read_log(log: &str) -> Proofs {
    let mut proofs = Proofs::default();
    let passed = log.lines().filter_map(|line| {
        let test = line.strip_prefix("test ")?.strip_suffix(" ... ok")?;
        // Of one whose panic is awaited, and of one in a document.
        Some(test.split(" - ").next().unwrap_or(test).trim())
    });
    for test in passed {
        let name = test.rsplit("::").next().unwrap_or(test);
        let (numbers, is_breach) = match name.split_once(BREACH) {
            Some((_, after)) => (after, true),
            None => (name, false),
        };
        let tests = if is_breach {
            &mut proofs.breach
        } else {
            &mut proofs.kept
        };
        for id in ids_in(numbers) {
            tests.entry(id).or_default().push(test.to_owned());
        }
    }
    for tests in proofs.kept.values_mut().chain(proofs.breach.values_mut()) {
        tests.sort_unstable();
        tests.dedup();
    }
    proofs
}

/// The requirements that a name names: `IIP-MD07` for `iip_md07`, wherever it stands.
fn ids_in(name: &str) -> Vec<String> {
    let words: Vec<&str> = name.split('_').collect();
    words
        .windows(2)
        .filter_map(|pair| match *pair {
            [profile @ ("iip" | "sdp"), number] => {
                let letters = number.trim_end_matches(|c: char| c.is_ascii_digit());
                let is_number = !letters.is_empty()
                    && letters.len() < number.len()
                    && letters.bytes().all(|b| b.is_ascii_lowercase());
                is_number.then(|| format!("{profile}-{number}").to_ascii_uppercase())
            }
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_passed_test_proves_each_requirement_that_its_name_names() {
        let proofs = read_log(
            "running 4 tests\n\
             test b::r33_iip_g01_sdp_g01_clocks_may_differ ... ok\n\
             test a::iip_g01_clocks_may_differ_here_too ... ok\n\
             test c::r33_breach_of_iip_g01_ten_minutes_are_refused ... ok\n\
             test d::iip_md07_failed ... FAILED\n\
             test e::iip_md07_was_left_out ... ignored\n\
             test result: ok. 3 passed\n",
        );
        assert_eq!(
            proofs.kept("IIP-G01"),
            [
                "a::iip_g01_clocks_may_differ_here_too",
                "b::r33_iip_g01_sdp_g01_clocks_may_differ"
            ]
        );
        assert_eq!(proofs.kept("SDP-G01").len(), 1);
        assert_eq!(
            proofs.breach("IIP-G01"),
            ["c::r33_breach_of_iip_g01_ten_minutes_are_refused"]
        );
        assert!(proofs.kept("IIP-MD07").is_empty());
        assert_eq!(proofs.ids().count(), 3);
    }

    #[test]
    fn what_only_looks_like_a_number_is_none() {
        for name in ["iip", "iip_07", "iip_md", "sdp_of_all", "an_iip_md_07"] {
            assert!(ids_in(name).is_empty(), "{name}");
        }
        assert_eq!(ids_in("r92_iip_md07_and_so_on"), ["IIP-MD07"]);
    }
}
