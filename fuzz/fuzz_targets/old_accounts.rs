//! What an administrator shows `compare`: captured Responses, and lists of users. However a Response is carried, it says the
//! same; what a list says, and no more, is said by the list that is written of it.

#![no_main]

use std::collections::BTreeSet;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use libfuzzer_sys::fuzz_target;
use passerelle::{
    model::attribute::MAX_VALUE_CHARS,
    setup::{captured, export},
};

fuzz_target!(|file: &[u8]| {
    captured(file);
    list(file);
});

fn captured(file: &[u8]) {
    let read = captured::read_all(file);
    for response in read.iter().flatten() {
        let name_id = response.name_id.as_ref().map(|it| it.value.as_str());
        for value in name_id.into_iter().chain(response.values("mail")) {
            assert_is_value(value);
        }
    }
    let text = str::from_utf8(file).unwrap_or_default();
    let text = text.trim_start_matches('\u{feff}').trim();
    if !text.starts_with('<') {
        return;
    }
    assert!(!export::is_list(text.as_bytes()));
    let base64 = STANDARD.encode(text);
    assert_eq!(captured::read_all(base64.as_bytes()), read);
    // As a browser's developer tools copy it, decoded and as it was sent.
    let escaped: String = { base64.bytes() }
        .map(|byte| format!("%{byte:02X}"))
        .collect();
    for value in [base64, escaped] {
        let body = format!("SAMLResponse={value}&RelayState=%3Cx");
        assert_eq!(captured::read_all(body.as_bytes()), read);
    }
}

fn list(file: &[u8]) {
    let Ok((rows, end)) = export::read(file) else {
        return;
    };
    assert!(rows.len() <= export::MOST_ROWS);
    // More rows than that are larger than what is made here.
    assert_eq!(end, None);
    let lines: Vec<u64> = rows.iter().map(|(line, _)| *line).collect();
    assert!(lines.iter().all(|line| *line > 0) && lines.is_sorted());
    let accounts: Vec<_> = { rows.into_iter() }
        .filter_map(|(_, row)| row.ok())
        .collect();
    let mut again = String::from("Employee ID;Email\r\n");
    for account in &accounts {
        let both = [&account.employee_id, &account.email];
        assert!(both.iter().any(|it| it.is_some()));
        for value in both.into_iter().flatten() {
            assert_is_value(value);
        }
        let [id, email] = both.map(|it| it.as_deref().unwrap_or_default().replace('"', "\"\""));
        again.push_str(&format!("\"{id}\";\"{email}\"\r\n"));
    }
    assert!(export::is_list(again.as_bytes()));
    let (read, end) = export::read(again.as_bytes()).expect("a list");
    assert_eq!(end, None);
    let places: BTreeSet<u64> = read.iter().map(|(line, _)| *line).collect();
    assert_eq!(places.len(), read.len());
    let read: Vec<_> = { read.into_iter() }
        .map(|(_, row)| row.expect("a row"))
        .collect();
    assert_eq!(read, accounts);
}

fn assert_is_value(value: &str) {
    assert!(!value.is_empty() && value.trim() == value);
    assert!(value.chars().count() <= MAX_VALUE_CHARS);
}
