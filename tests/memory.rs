//! What a hostile input may make the server allocate.
//!
//! A program of its own with one test, since every allocation in it is counted.

#[path = "../benches/kit/hostile.rs"]
mod hostile;

use std::alloc::System;

use cap::Cap;

#[global_allocator]
static COUNTED: Cap<System> = Cap::new(System, usize::MAX);

#[test]
fn r06_r10_no_hostile_input_makes_the_server_allocate_a_mebibyte() {
    let inputs = hostile::inputs().unwrap();
    assert_eq!(inputs.len(), 28);
    for input in &inputs {
        let before = COUNTED.total_allocated();
        let is_refused = (input.is_refused)(&input.bytes);
        // All that was ever asked for, given back or not.
        let allocated = COUNTED.total_allocated() - before;
        assert!(is_refused, "{} is taken", input.name);
        assert!(allocated < 1 << 20, "{}: {allocated} bytes", input.name);
    }
}
