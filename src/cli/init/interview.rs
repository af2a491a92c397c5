//! Asks for what nobody said yet.

use std::io::IsTerminal as _;

use anyhow::bail;

use super::{Trial, options::as_written};
use crate::{
    cli::{ask_line, complain},
    config::{
        draft::{Answers, Question},
        fault::ConfigFault,
    },
    edge::page::interview::InterviewWords,
};

/// Tries what was said, and asks for the rest, until all is known and right.
///
/// # Errors
///
/// What was said is wrong, or there is nobody to ask: each with its option.
pub(super) fn complete(
    answers: &mut Answers,
    trial: &Trial,
    words: &InterviewWords,
) -> anyhow::Result<()> {
    let mut are_right = true;
    for question in answers.questions() {
        let faults = trial.faults_of(answers, question);
        are_right &= faults.is_empty();
        tell(question, &faults, words)?;
    }
    if !are_right {
        bail!("nothing was written");
    }
    if answers.next_question().is_none() {
        return Ok(());
    }
    if !std::io::stdin().is_terminal() {
        return take_as_they_are(answers);
    }
    complain(&words.lead()?);
    while let Some(question) = answers.next_question() {
        *answers = ask(question, answers, trial, words)?;
    }
    Ok(())
}

/// Asks until the answer is right; gives all answers with it.
fn ask(
    question: Question,
    answers: &Answers,
    trial: &Trial,
    words: &InterviewWords,
) -> anyhow::Result<Answers> {
    let proposed = answers.proposed(question);
    let in_brackets = proposed.as_deref().unwrap_or_default();
    let text = words.question(question, in_brackets)?;
    let text = text.unwrap_or_default();
    loop {
        let Some(typed) = ask_line(&text) else {
            bail!("nothing was written: the answers ended");
        };
        let typed = match &proposed {
            Some(proposed) if typed.is_empty() => proposed.clone(),
            // Without that file there is no account.
            None if typed.is_empty() && question == Question::LdapPasswordFile => {
                let mut fewer = answers.clone();
                fewer.take_back(Question::LdapBindDn);
                return Ok(fewer);
            }
            None if typed.is_empty() => {
                complain(&words.needed()?);
                continue;
            }
            Some(_) | None => typed,
        };
        let meant = meant(question, &typed);
        let mut more = answers.clone();
        if meant != question {
            // It was asked, and answered so.
            more.give(question, typed.clone());
        }
        more.give(meant, as_written(meant, &typed)?);
        let faults = trial.faults_of(&more, meant);
        if faults.is_empty() {
            return Ok(more);
        }
        tell(meant, &faults, words)?;
    }
}

/// Which of both it is tells its scheme.
fn meant(question: Question, typed: &str) -> Question {
    match question {
        Question::SignIn if typed.starts_with("ldap") => Question::Ldap,
        Question::SignIn => Question::Cas,
        Question::BaseUrl
        | Question::Cas
        | Question::Ldap
        | Question::LdapBase
        | Question::LdapBindDn
        | Question::LdapPasswordFile
        | Question::Ca
        | Question::StateFolder
        | Question::Contact
        | Question::Organization
        | Question::OrganizationUrl
        | Question::MailDomains
        | Question::Languages
        | Question::SupportText
        | Question::SupportTextEn
        | Question::SupportLink => question,
    }
}

/// Leaves out what may be left out; what may not is told, all of it at once.
fn take_as_they_are(answers: &mut Answers) -> anyhow::Result<()> {
    let mut missing = Vec::new();
    while let Some(question) = answers.next_question() {
        let proposed = answers.proposed(question);
        if proposed.as_deref() != Some("") {
            missing.push(question.flag());
        }
        answers.give(question, proposed.unwrap_or_default());
    }
    if !missing.is_empty() {
        bail!(
            "nothing was written: nobody is there to ask, and there is no {}",
            missing.join(", no ")
        );
    }
    Ok(())
}

/// What is wrong with an answer, in the words of `check`, and what is wanted in those of whoever answers.
fn tell(question: Question, faults: &[ConfigFault], words: &InterviewWords) -> anyhow::Result<()> {
    for fault in faults {
        let hint = fault.hint.iter().map(|hint| format!("\n    hint: {hint}"));
        let (flag, hint) = (question.flag(), hint.collect::<String>());
        complain(&format!(
            "error: {flag} ({}): {}{hint}",
            fault.key, fault.what
        ));
    }
    if !faults.is_empty() {
        complain(&words.wanted(question)?);
    }
    Ok(())
}
