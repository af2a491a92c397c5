//! Reads a list of users as Zoom exports it: comma-separated values (RFC 4180), as spreadsheets save them again.
//!
//! Of each row the address and the Employee Unique ID are read, by the names of their columns; everything else is passed
//! over. The file is somebody's download, through who knows which programs: everything in it is bounded.

use csv::{ByteRecord, ReaderBuilder};

use super::accounts::Account;
use crate::model::attribute::MAX_VALUE_CHARS;

/// The longest line: no list of users has one that is near it.
const MAX_LINE_BYTES: usize = 64 * 1024;
/// How many rows are read.
pub const MOST_ROWS: usize = 200_000;
/// What stands between values: as the standard says, as French spreadsheets do, and tabs.
const DELIMITERS: [u8; 3] = [b',', b';', b'\t'];
/// What the columns are called, in lower case and without anything but letters.
const EMAIL: [&str; 8] = [
    "email",
    "emailaddress",
    "useremail",
    "workemail",
    "mail",
    "adresseemail",
    "adressemail",
    "courriel",
];
const EMPLOYEE_ID: [&str; 3] = ["employeeid", "employeeuniqueid", "uniqueemployeeid"];

/// Why a list cannot be read, or no more of it.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ExportFault {
    /// A line is longer than any that a list of users has.
    #[error("has a line of more than 64 KiB")]
    LongLine,
    /// No column is called as the address is.
    #[error("has no column called Email in its first line")]
    NoEmail,
    /// A zero octet: UTF-16, as some spreadsheets save it, or no text at all.
    #[error("is no text in UTF-8: save it as \"CSV UTF-8\"")]
    NotText,
    /// There are too many rows.
    #[error("has more than 200000 rows; the rest was not read")]
    TooManyRows,
    /// Two columns have one name.
    #[error("has two columns for {0}")]
    Twice(&'static str),
}

/// Why a row says nothing.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum RowFault {
    /// A value is no UTF-8.
    #[error("a value is no text in UTF-8")]
    NotText,
    /// A value is longer than any address or ID.
    #[error("a value is longer than 256 characters")]
    TooLong,
}

/// A row, by the number of the line where it begins.
pub type Row = (u64, Result<Account, RowFault>);

/// Whether a file looks like such a list, and not like a captured Response.
pub fn is_list(file: &[u8]) -> bool {
    let first = first_line(file);
    let is_markup = first.trim_ascii_start().starts_with(b"<");
    let has_field = first.windows(13).any(|part| part == b"SAMLResponse=");
    let is_table = first.iter().any(|byte| DELIMITERS.contains(byte));
    !is_markup && !has_field && (is_table || is_called(first, &EMAIL))
}

/// Reads a list. What is wrong after some rows comes with those.
///
/// # Errors
///
/// It is no list that can be read.
pub fn read(file: &[u8]) -> Result<(Vec<Row>, Option<ExportFault>), ExportFault> {
    let file = file.strip_prefix(b"\xef\xbb\xbf").unwrap_or(file);
    if file.contains(&0) {
        return Err(ExportFault::NotText);
    }
    // The reader takes as much memory as a row has octets and values.
    if file
        .split(|byte| *byte == b'\n')
        .any(|line| line.len() > MAX_LINE_BYTES)
    {
        return Err(ExportFault::LongLine);
    }
    let first = first_line(file);
    let count = |delimiter: &u8| first.split(|byte| byte == delimiter).count();
    let delimiter = DELIMITERS.into_iter().rev().max_by_key(count);
    let mut reader = ReaderBuilder::new()
        .delimiter(delimiter.unwrap_or(b','))
        .has_headers(false)
        .flexible(true)
        .from_reader(file);
    let mut record = ByteRecord::new();
    let mut columns = None;
    let mut rows = Vec::new();
    let mut lines = Lines::of(file);
    // The reader takes any octets, and reading from memory does not fail.
    while reader
        .read_byte_record(&mut record)
        .is_ok_and(|is_one| is_one)
    {
        let Some((email, employee_id)) = columns else {
            let email = column(&record, &EMAIL, "the address")?.ok_or(ExportFault::NoEmail)?;
            columns = Some((
                email,
                column(&record, &EMPLOYEE_ID, "the Employee Unique ID")?,
            ));
            continue;
        };
        if rows.len() >= MOST_ROWS {
            return Ok((rows, Some(ExportFault::TooManyRows)));
        }
        let line = record.position().map_or(0, |at| lines.at(at.byte()));
        let account = value(&record, Some(email)).and_then(|email| {
            let employee_id = value(&record, employee_id)?;
            Ok(Account { email, employee_id })
        });
        if account != Ok(Account::default()) {
            rows.push((line, account));
        }
    }
    // An empty file has no first line.
    columns.map(|_| (rows, None)).ok_or(ExportFault::NoEmail)
}

/// Counts lines as an editor does. The reader itself counts one too few where lines end in CR LF, or are empty.
struct Lines<'f> {
    rest: &'f [u8],
    seen: u64,
    line: u64,
}

impl<'f> Lines<'f> {
    const fn of(file: &'f [u8]) -> Self {
        Self {
            rest: file,
            seen: 0,
            line: 1,
        }
    }

    /// The line of the first octet at or behind `offset` that ends no line. Offsets come in rising order.
    fn at(&mut self, offset: u64) -> u64 {
        while let Some((first, rest)) = self.rest.split_first() {
            let is_end = matches!(first, b'\n' | b'\r');
            if self.seen >= offset && !is_end {
                break;
            }
            self.line += u64::from(*first == b'\n');
            self.seen += 1;
            self.rest = rest;
        }
        self.line
    }
}

fn first_line(file: &[u8]) -> &[u8] {
    file.split(|byte| *byte == b'\n').next().unwrap_or_default()
}

fn is_called(title: &[u8], names: &[&str]) -> bool {
    let letters: Vec<u8> = title
        .iter()
        .filter(|byte| byte.is_ascii_alphabetic())
        .map(u8::to_ascii_lowercase)
        .collect();
    names.iter().any(|name| name.as_bytes() == letters)
}

fn column(
    titles: &ByteRecord,
    names: &[&str],
    what: &'static str,
) -> Result<Option<usize>, ExportFault> {
    let mut found = titles
        .iter()
        .enumerate()
        .filter(|(_, title)| is_called(title, names))
        .map(|(number, _)| number);
    let first = found.next();
    match found.next() {
        Some(_) => Err(ExportFault::Twice(what)),
        None => Ok(first),
    }
}

/// The value in a column; none where it is empty, or the row ends before it.
fn value(record: &ByteRecord, column: Option<usize>) -> Result<Option<String>, RowFault> {
    let Some(value) = column.and_then(|column| record.get(column)) else {
        return Ok(None);
    };
    let text = str::from_utf8(value)
        .map_err(|_not_text| RowFault::NotText)?
        .trim();
    if text.chars().count() > MAX_VALUE_CHARS {
        return Err(RowFault::TooLong);
    }
    Ok(Some(text.to_owned()).filter(|text| !text.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(file: &[u8]) -> Vec<(u64, String, String)> {
        let (rows, end) = read(file).unwrap();
        assert_eq!(end, None);
        rows.into_iter()
            .map(|(line, account)| {
                let Account { email, employee_id } = account.unwrap();
                (
                    line,
                    email.unwrap_or_default(),
                    employee_id.unwrap_or_default(),
                )
            })
            .collect()
    }

    fn row(line: u64, email: &str, employee_id: &str) -> (u64, String, String) {
        (line, email.to_owned(), employee_id.to_owned())
    }

    #[test]
    fn the_columns_are_found_by_their_names_however_a_spreadsheet_has_saved_them() {
        let both = [row(2, "a@u.fr", "1"), row(3, "b@u.fr", "")];
        for file in [
            "First Name,Email,Employee ID\nA,a@u.fr,1\nB,b@u.fr,\n",
            "\u{feff}E-mail;Nom;EMPLOYEE UNIQUE ID\r\na@u.fr;\"Dupont; A\";1\r\nb@u.fr;B\r\n",
            "employee_unique_id\temail address\n1\ta@u.fr\n\tb@u.fr",
            "\"Email\",\"x\",\"Employee ID\"\n\" a@u.fr \",\"\"\"x\"\"\",1\nb@u.fr,,\n,,\n\n",
        ] {
            assert!(is_list(file.as_bytes()), "{file}");
            assert_eq!(rows(file.as_bytes()), both, "{file}");
        }
        assert_eq!(rows(b"Email\na@u.fr\n"), [row(2, "a@u.fr", "")]);
        // Only what is read must be a text.
        assert_eq!(rows(b"Name,Email\nZo\xe9,a@u.fr\n"), [row(2, "a@u.fr", "")]);
        // A row begins where its first line is.
        assert_eq!(
            rows(b"Name,Email\n\"A\nB\",a@u.fr\nC,b@u.fr\n"),
            [row(2, "a@u.fr", ""), row(4, "b@u.fr", "")]
        );
    }

    #[test]
    fn a_captured_response_is_no_list() {
        for file in [
            "<samlp:Response ID=\"a,b\">",
            "SAMLResponse=PHNh&RelayState=a,b",
            "PHNhbWxwOlJlc3BvbnNl",
            "",
        ] {
            assert!(!is_list(file.as_bytes()), "{file}");
        }
    }

    #[test]
    fn a_list_that_cannot_be_read_is_told_by_what_is_wrong_with_it() {
        let utf16: Vec<u8> = "Email,x\n"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        let endless = [&b"Email,x\n"[..], &vec![b','; MAX_LINE_BYTES + 1]].concat();
        let quoted = [&b"Email,x\n\""[..], &vec![b'a'; 16 * 1024 * 1024]].concat();
        for (file, fault) in [
            (utf16.as_slice(), ExportFault::NotText),
            (&endless, ExportFault::LongLine),
            (&quoted, ExportFault::LongLine),
            (b"Name,Phone\na,1\n", ExportFault::NoEmail),
            (b"", ExportFault::NoEmail),
            (b"Email,E-Mail\na,b\n", ExportFault::Twice("the address")),
        ] {
            assert_eq!(read(file).unwrap_err(), fault);
        }
    }

    #[test]
    fn one_bad_row_spoils_no_other_and_too_many_are_told() {
        let long = "a".repeat(MAX_VALUE_CHARS + 1);
        let file = format!("Email\n{long}\na@u.fr\n");
        let mut file = file.into_bytes();
        file.extend(b"\xff@u.fr\n");
        let (rows, _) = read(&file).unwrap();
        let faults: Vec<_> = rows.iter().map(|(_, row)| row.clone().err()).collect();
        assert_eq!(
            faults,
            [Some(RowFault::TooLong), None, Some(RowFault::NotText)]
        );
        let many = format!("Email\n{}", "a@u.fr\n".repeat(MOST_ROWS + 1));
        let (rows, end) = read(many.as_bytes()).unwrap();
        assert_eq!(
            (rows.len(), end),
            (MOST_ROWS, Some(ExportFault::TooManyRows))
        );
    }
}
