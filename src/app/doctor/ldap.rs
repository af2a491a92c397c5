//! The directory: each of its servers by itself, from the connection to somebody's record.

use std::{collections::BTreeSet, sync::Arc};

use super::{Doctor, Finding, PATIENCE, SamplePerson, network::Place};
use crate::{
    attributes::catalog,
    authn::{
        Outcome,
        ldap::{
            Around, Ldap, LdapFault, Rules,
            probe::{Found, Probe, RootDse, START_TLS, Sample},
        },
    },
    config::sections,
    model::chain::Chain,
    sys::reach::Opening,
};

const BIND: &str = "ldap.bind";
const BASE: &str = "ldap.base";
const SCHEMA: &str = "ldap.schema";
const PERSON: &str = "ldap.person";
const PASSWORD: &str = "ldap.password";

/// The families of attributes that directories of universities have, by how their names begin.
const FAMILIES: [(&str, &str); 2] = [("eduPerson", "eduperson"), ("SupAnn", "supann")];

/// The directory, and who is looked for.
pub(super) struct LdapSubject<'a> {
    /// None where nobody is asked for there.
    pub(super) config: Option<&'a sections::Ldap>,
    /// None where they are faulty.
    pub(super) rules: Option<Rules>,
    /// The attributes that rules read.
    pub(super) names: BTreeSet<String>,
    pub(super) doctor: &'a Doctor<'a>,
}

impl LdapSubject<'_> {
    /// Tries each server.
    pub(super) async fn examine(&self) -> Vec<Finding> {
        let Some(config) = self.config else {
            return vec![Finding::not_tried(
                BIND,
                "the configuration asks for nobody in a directory",
                "methods = [\"ldap\"], or attributes = \"ldap\", and [authn.ldap] would",
            )];
        };
        let mut findings = Vec::new();
        for url in &config.urls {
            let place = Place {
                url,
                opening: Some(if url.starts_with("ldaps:") {
                    Opening::AtOnce
                } else {
                    START_TLS
                }),
                authorities: config.authorities.as_deref(),
                key: "authn.ldap.ca",
            };
            let way = place.reach().await;
            findings.extend(way.findings);
            if way.is_open {
                findings.extend(self.of_server(config, url).await);
            } else {
                let what = format!("{url}: bind, search base, schema, a sample person");
                let hint = "mend the way to it first (name, tls)";
                findings.push(Finding::not_tried(BIND, what, hint));
            }
        }
        findings
    }

    async fn of_server(&self, config: &sections::Ldap, url: &str) -> Vec<Finding> {
        let Some(rules) = &self.rules else {
            let hint = "mend what is told of the configuration first";
            let what = format!("{url}: the rules of [authn.ldap] are faulty");
            return vec![Finding::not_tried(BIND, what, hint)];
        };
        let alone = sections::Ldap {
            urls: vec![url.to_owned()],
            ..config.clone()
        };
        let names = self.names.iter().map(String::as_str);
        let around = Around {
            clock: Arc::clone(&self.doctor.clock),
            entropy: Arc::clone(&self.doctor.entropy),
            network: None,
        };
        let ldap = match Ldap::new(&alone, rules.clone(), names, around) {
            Ok(ldap) => ldap,
            Err(fault) => {
                let what = format!("{url}: {}", Chain(&fault));
                return vec![Finding::bad(BIND, what, "see authn.ldap.ca")];
            }
        };
        let server = Server {
            url,
            config: &alone,
            may_search: rules.may_search(),
            ldap: &ldap,
        };
        let mut findings = Vec::new();
        match Box::pin(ldap.probe(PATIENCE)).await {
            Ok(mut probe) => {
                findings.push(server.bound());
                match Box::pin(server.look_around(&mut probe, self.doctor.person.as_ref())).await {
                    Ok(found) => findings.extend(found),
                    Err(fault) => findings.push(server.broken(BASE, &fault)),
                }
            }
            Err(fault) => findings.push(server.not_bound(&fault)),
        }
        if let Some(person) = &self.doctor.person {
            findings.extend(server.try_password(person, self.doctor).await);
        }
        findings
    }
}

/// One server that can be spoken to.
struct Server<'a> {
    url: &'a str,
    config: &'a sections::Ldap,
    may_search: bool,
    ldap: &'a Ldap,
}

impl Server<'_> {
    fn bound(&self) -> Finding {
        let url = self.url;
        let what = match &self.config.account {
            Some((name, _)) => format!("{url} lets us in as {name}"),
            None => format!("{url} is asked in nobody's name (there is no bind-dn)"),
        };
        Finding::good(BIND, what)
    }

    fn not_bound(&self, fault: &LdapFault) -> Finding {
        let LdapFault::Service { code } = fault else {
            return self.broken(BIND, fault);
        };
        let hint = match code {
            49 => {
                "the name in bind-dn or the password in bind-password-file is wrong, or the \
                   account is locked"
            }
            32 | 34 => "there is no such entry: bind-dn is its whole name",
            _ => {
                "RFC 4511 appendix A.1 says what the code means; the account may be shut, or its \
                  password may have ended"
            }
        };
        let url = self.url;
        let name = self.config.account.as_ref().map_or("", |(name, _)| name);
        let what = format!("{url} refuses our account {name} (result code {code})");
        Finding::bad(BIND, what, hint)
    }

    fn broken(&self, check: &'static str, fault: &LdapFault) -> Finding {
        let what = format!("{}: {}", self.url, Chain(fault));
        let hint = "the log of the directory may say more; our account must be allowed to read \
                    people";
        Finding::bad(check, what, hint)
    }

    /// Looks at all that can be seen in our own name.
    async fn look_around(
        &self,
        probe: &mut Probe<'_>,
        person: Option<&SamplePerson>,
    ) -> Result<Vec<Finding>, LdapFault> {
        let root = probe.root_dse().await?;
        let people = self.config.base.as_str();
        let sees_people = probe.sees(people).await?;
        let mut findings = vec![self.of_base(("base", people), sees_people, &root)];
        let groups = self.config.groups.as_ref();
        let groups = groups.map(|groups| ("groups.base", groups.base.as_str()));
        let units = self.config.units.as_ref();
        let units = units.map(|units| ("units.base", units.base.as_str()));
        for base in groups.into_iter().chain(units) {
            let is_seen = probe.sees(base.1).await?;
            findings.push(self.of_base(base, is_seen, &root));
        }
        let known = probe.schema(&root).await?;
        findings.extend(self.of_schema(&known));
        if sees_people {
            findings.push(match person {
                Some(person) => self.of_person(probe.person(&person.login).await?),
                None => self.of_anybody(probe.anybody().await?),
            });
        } else {
            let hint = "mend the search base first";
            findings.push(Finding::not_tried(PERSON, "nobody was looked for", hint));
        }
        Ok(findings)
    }

    /// Of an entry that a key of `[authn.ldap]` names.
    fn of_base(&self, (key, base): (&str, &str), is_seen: bool, root: &RootDse) -> Finding {
        let url = self.url;
        if is_seen {
            return Finding::good(BASE, format!("{url} shows us {base}"));
        }
        let bases = if root.bases.is_empty() {
            String::new()
        } else {
            format!(
                "; the server has entries below {}",
                root.bases.join(" and ")
            )
        };
        Finding::bad(
            BASE,
            format!("{url} shows us no entry {base}"),
            format!(
                "a slip in {key} of [authn.ldap]{bases}? otherwise our account may not see that entry"
            ),
        )
    }

    fn of_schema(&self, known: &BTreeSet<String>) -> Vec<Finding> {
        let url = self.url;
        if known.is_empty() {
            let what = format!("{url} does not tell us which attributes it knows");
            let hint = "let our account read the schema; what is there shows the sample person";
            return vec![Finding::not_tried(SCHEMA, what, hint)];
        }
        let mut findings = Vec::new();
        for (family, prefix) in FAMILIES {
            let there = known.iter().filter(|name| name.starts_with(prefix)).count();
            findings.push(if there == 0 {
                let hint =
                    format!("load the schema of {family} into the directory, if rules need it");
                Finding::warning(
                    SCHEMA,
                    format!("{url} knows no attribute of {family}"),
                    hint,
                )
            } else {
                let what = format!("{url} knows {there} attributes of {family}");
                Finding::good(SCHEMA, what)
            });
        }
        // What rules know as the groups of a person is searched for, and no attribute.
        let has_groups = self.config.groups.is_some();
        let read = self.ldap.reads();
        let missing = missing(read.filter(|name| !has_groups || *name != "groups"), known);
        if !missing.is_empty() {
            findings.push(Finding::warning(
                SCHEMA,
                format!(
                    "{url} does not know what rules read: {}",
                    missing.join(", ")
                ),
                "give each of them by a rule of [attributes], or load its schema; what no provider \
                 needs may be missing",
            ));
        }
        findings
    }

    fn of_person(&self, found: Found) -> Finding {
        let url = self.url;
        match found {
            Found::One(sample) => self.of_sample(&sample, "that person"),
            Found::Nobody => Finding::bad(
                PERSON,
                format!("{url} finds nobody who signs in by that name"),
                format!(
                    "is {} right for the names that people type? our account may not see everybody",
                    self.how_found()
                ),
            ),
            Found::Several => Finding::bad(
                PERSON,
                format!("{url} finds several people by that name: none of them is let in"),
                format!("make {} so narrow that it finds one", self.how_found()),
            ),
        }
    }

    fn of_anybody(&self, found: Option<Sample>) -> Finding {
        if let Some(sample) = found {
            return self.of_sample(&sample, "somebody");
        }
        let what = format!("{} shows us nobody below the search base", self.url);
        if !self.may_search {
            let hint = "without bind-dn that may be as it should be: try with --login NAME";
            return Finding::not_tried(PERSON, what, hint);
        }
        Finding::bad(
            PERSON,
            what,
            format!(
                "is {} right? our account must be allowed to read people",
                self.how_found()
            ),
        )
    }

    fn of_sample(&self, sample: &Sample, whom: &str) -> Finding {
        let (url, login) = (self.url, &self.config.login_attribute);
        let attributes = sample.attributes.iter();
        let names: Vec<_> = attributes
            .filter(|(_, count)| *count > 0)
            .map(|(name, count)| {
                let name = catalog::find(name).map_or(name.as_str(), |known| known.name);
                format!("{name} ({count})")
            })
            .collect();
        let has_login = sample
            .attributes
            .iter()
            .any(|(name, count)| name.eq_ignore_ascii_case(login) && *count > 0);
        let shut = if sample.is_open {
            ""
        } else {
            ", whose account is shut"
        };
        let what = format!(
            "{url} finds {whom}{shut}, and lets us read {}",
            names.join(", ")
        );
        if has_login {
            return Finding::good(PERSON, what);
        }
        let hint =
            format!("login-attribute = \"{login}\" is not among them: nobody would have a name");
        Finding::bad(PERSON, what, hint)
    }

    async fn try_password(&self, person: &SamplePerson, doctor: &Doctor<'_>) -> Option<Finding> {
        let password = person.password.as_ref()?;
        let now = doctor.clock.now();
        let tried = Box::pin(self.ldap.try_password(&person.login, password, now)).await;
        Some(match tried {
            Ok(outcome) => self.of_outcome(&outcome),
            Err(fault) => self.broken(PASSWORD, &fault),
        })
    }

    fn of_outcome(&self, outcome: &Outcome) -> Finding {
        let url = self.url;
        match outcome {
            Outcome::Proven(_) => Finding::good(PASSWORD, format!("{url} lets that person in")),
            Outcome::ProvenWithWarning(..) => Finding::good(
                PASSWORD,
                format!("{url} lets that person in, and says that their password ends soon"),
            ),
            Outcome::Barred(barrier) => Finding::bad(
                PASSWORD,
                format!(
                    "{url} takes the password, and the person is not let in ({})",
                    barrier.as_str()
                ),
                "this person is told so; try with somebody else",
            ),
            Outcome::Refused(reason) => Finding::bad(
                PASSWORD,
                format!("{url} does not let that person in ({})", reason.as_str()),
                "a slip in the name or the password? otherwise the directory's log says more",
            ),
            Outcome::Wait { .. } | Outcome::Busy => {
                Finding::not_tried(PASSWORD, format!("{url} was not asked"), "try again")
            }
        }
    }

    /// The key by which people are found.
    fn how_found(&self) -> String {
        format!("user = \"{}\"", self.config.user)
    }
}

/// Which attributes that are read the server does not know.
fn missing<'a>(read: impl Iterator<Item = &'a str>, known: &BTreeSet<String>) -> Vec<&'a str> {
    read.filter(|name| {
        let bare = name.split(';').next().unwrap_or(name);
        // One that is written by its number is not looked up.
        let is_number = bare.starts_with(|first: char| first.is_ascii_digit());
        !is_number && !known.contains(&bare.to_ascii_lowercase())
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_server_does_not_know_is_told_without_options_and_numbers() {
        let known = ["mail", "displayname"].map(str::to_owned).into();
        let read = ["mail", "displayName;lang-fr", "2.5.4.3", "supannEtuId"];
        assert_eq!(missing(read.into_iter(), &known), ["supannEtuId"]);
    }
}
