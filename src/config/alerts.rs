//! Reads `[alerts]`: whom to tell of what ends.

use std::path::{Path, PathBuf};

use super::{
    document::{Report, Table},
    files::Surroundings,
    sections::{AlertMail, Alerts},
    words::is_mail,
};

/// What takes mail on most machines: it reads the addresses from the message, and its end from the end of input.
const SENDMAIL: [&str; 3] = ["/usr/sbin/sendmail", "-t", "-i"];

/// Reads the section.
pub(super) fn read(mut table: Table<'_>, around: &Surroundings<'_>, report: &mut Report) -> Alerts {
    let written: Option<Vec<String>> = table.optional("command", report);
    let command =
        written.and_then(|written| program(&table.at("command"), written, around, report));
    let mail = table.table("mail", report);
    if command.is_none() && mail.is_none() && report.is_clean_under(&table.path()) {
        report
            .fault(&table.path(), "tells nobody")
            .hint("give command, or mail, or both");
    }
    let mail = mail.and_then(|mail| read_mail(mail, around, report));
    table.finish(report);
    Alerts { command, mail }
}

fn read_mail(
    mut table: Table<'_>,
    around: &Surroundings<'_>,
    report: &mut Report,
) -> Option<AlertMail> {
    let to: Option<Vec<String>> = table.required("to", report);
    let from: Option<String> = table.required("from", report);
    if to.as_ref().is_some_and(Vec::is_empty) {
        report.fault(&table.at("to"), "names nobody");
    }
    // They stand in the head of a message: none may begin another line of it.
    for (number, address) in (1_usize..).zip(to.iter().flatten()) {
        if !is_mail(address) {
            report.fault(&table.entry("to", number), "is not a mail address");
        }
    }
    if from.as_deref().is_some_and(|from| !is_mail(from)) {
        report.fault(&table.at("from"), "is not a mail address");
    }
    let sendmail: Option<Vec<String>> = table.optional("sendmail", report);
    let at = table.at("sendmail");
    let usual = || SENDMAIL.map(str::to_owned).to_vec();
    let sendmail = sendmail.or_else(|| report.is_clean_under(&at).then(usual));
    let sendmail = sendmail.and_then(|sendmail| program(&at, sendmail, around, report));
    table.finish(report);
    Some(AlertMail {
        to: to?,
        from: from?,
        sendmail: sendmail?,
    })
}

/// A program that is there, with what it is given. No shell reads it.
fn program(
    key: &str,
    mut written: Vec<String>,
    around: &Surroundings<'_>,
    report: &mut Report,
) -> Option<Vec<String>> {
    let Some(first) = written.first_mut() else {
        report
            .fault(key, "names no program")
            .hint("write the program and each of its words apart: [\"/usr/local/bin/tell\", \"--urgent\"]");
        return None;
    };
    let path: PathBuf = around.existing(key, Path::new(&*first), report)?;
    // It is run in another folder than this one.
    let path = std::path::absolute(path).ok()?;
    path.to_str()?.clone_into(first);
    Some(written)
}
