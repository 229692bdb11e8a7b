//! Where things are: the checkout, the build cache, the tools that tests install.

use std::path::{Path, PathBuf};

/// The checkout: the directory with the workspace's `Cargo.toml`.
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_path_buf()
}

/// The build cache: `CARGO_TARGET_DIR`, else `target` in the checkout.
pub fn target() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(dir) if !dir.is_empty() => root().join(dir),
        _ => root().join("target"),
    }
}

/// Where tests keep the foreign clients they install: `MILLSTREAM_TOOLS`, else `tools` in the build cache.
pub fn tools() -> PathBuf {
    match std::env::var_os("MILLSTREAM_TOOLS") {
        Some(dir) if !dir.is_empty() => root().join(dir),
        _ => target().join("tools"),
    }
}

/// The cargo that runs us, so that all builds use one toolchain.
pub fn cargo() -> PathBuf {
    std::env::var_os("CARGO").map_or_else(|| PathBuf::from("cargo"), PathBuf::from)
}
