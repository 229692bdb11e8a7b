//! The project's own rules about its files, so that plain `cargo test` covers them.

#[test]
fn the_checkout_is_tidy() {
    let faults = xtask::tidy::faults(&xtask::place::root()).expect("the checkout can be read");
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}
