//! DEFLATE: never more than allowed, nothing behind it, and nothing left of the message before.

#![no_main]

use std::io::{Read as _, Write as _};

use flate2::{Compression, read, write};
use libfuzzer_sys::fuzz_target;
use passerelle::saml::binding::{
    BindingFault,
    inflate::{Wrapping, inflate},
};

/// The most that is asked for here.
const MAX: usize = 4 * 1024;

fuzz_target!(|deflated: &[u8]| {
    let out = inflate(deflated, Wrapping::None, MAX);
    // A reader that knows no bound, read one byte further than the bound.
    let mut witness = Vec::new();
    let mut reader = read::DeflateDecoder::new(deflated).take(MAX as u64 + 1);
    let is_whole = reader.read_to_end(&mut witness).is_ok();
    match &out {
        Ok(message) => {
            assert!(message.len() <= MAX);
            assert!(is_whole);
            assert_eq!(*message, witness);
            let more = [deflated, b"x"].concat();
            assert_eq!(
                inflate(&more, Wrapping::None, MAX),
                Err(BindingFault::Deflate)
            );
            let less = deflated.split_last().map_or(deflated, |(_, less)| less);
            assert!(inflate(less, Wrapping::None, MAX).is_err());
        }
        Err(BindingFault::TooLarge) => assert!(witness.len() > MAX),
        Err(fault) => assert_eq!(*fault, BindingFault::Deflate),
    }
    // Whatever came before, the next message is read as it is.
    for (wrapping, sent) in [
        (Wrapping::None, raw(deflated)),
        (Wrapping::Zlib, zlib(deflated)),
    ] {
        if deflated.len() <= MAX {
            assert_eq!(inflate(&sent, wrapping, MAX).as_deref(), Ok(deflated));
        } else {
            assert_eq!(inflate(&sent, wrapping, MAX), Err(BindingFault::TooLarge));
        }
    }
    assert_eq!(inflate(deflated, Wrapping::None, MAX), out);
});

fn raw(message: &[u8]) -> Vec<u8> {
    let mut encoder = write::DeflateEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(message).expect("into memory");
    encoder.finish().expect("into memory")
}

fn zlib(message: &[u8]) -> Vec<u8> {
    let mut encoder = write::ZlibEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(message).expect("into memory");
    encoder.finish().expect("into memory")
}
