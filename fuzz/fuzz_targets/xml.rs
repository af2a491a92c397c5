//! The door: what is let in has one canonical form, which is let in again and has the same.

#![no_main]

use libfuzzer_sys::fuzz_target;
use passerelle::xml::{self, Document, Limits, c14n::ExclusiveC14n};

fuzz_target!(|bytes: &[u8]| {
    // What a metadata file may not be, a message may be even less.
    let Ok(as_metadata) = xml::open(bytes, &Limits::METADATA) else {
        assert!(xml::open(bytes, &Limits::MESSAGE).is_err());
        return;
    };
    let canonical = canonical(&as_metadata);
    if let Ok(as_message) = xml::open(bytes, &Limits::MESSAGE) {
        assert_eq!(self::canonical(&as_message), canonical);
        // nothing but elements and text, whatever it was hidden in.
        let has = |markup| canonical.as_ref().is_some_and(|it| it.contains(markup));
        assert!(!has("<!") && !has("<?"));
    }
    // A document that names a namespace in a way readers differ on has none.
    let Some(canonical) = canonical else {
        return;
    };
    // Escapes are longer than what they stand for, and every element may repeat a declaration.
    let limits = Limits {
        bytes: usize::MAX,
        text_bytes: usize::MAX,
        ..Limits::METADATA
    };
    let again = xml::open(canonical.as_bytes(), &limits).expect("it was written by us");
    assert_eq!(self::canonical(&again), Some(canonical));
});

fn canonical(document: &Document<'_>) -> Option<String> {
    ExclusiveC14n::default()
        .canonicalize(document.root(), None)
        .ok()
}
