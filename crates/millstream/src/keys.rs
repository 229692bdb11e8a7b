//! The vault of a node: its master key, the declared keys, and the key service if there is one.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use millstream_catalog::Catalog;
use millstream_types::{Clock, Random};
use millstream_vault::{
    DataKey, LocalKeys, MasterKeys, Vault, VaultError, VaultParts, WithService,
};

use crate::kms::Kms;
use crate::kms_config::KmsConfig;
use crate::master_key;

/// The two clocks of a node.
#[derive(Clone)]
pub struct Clocks {
    /// Service time, which can be moved by hand.
    pub service: Arc<dyn Clock>,
    /// The machine's, by which others agree on the time.
    pub machine: Arc<dyn Clock>,
}

/// Opens the vault. `path` is the master key's file; without one the key lives in memory.
pub async fn open_vault(
    kms: KmsConfig,
    path: Option<PathBuf>,
    catalog: Arc<Catalog>,
    clocks: Clocks,
    random: Arc<dyn Random>,
) -> Result<Arc<Vault>, String> {
    let needed = catalog.read(|state| state.sealed_secrets().is_some());
    let root = match &path {
        Some(path) => master_key::load_or_make(path, needed, &*random)?,
        None => DataKey::random(&*random),
    };
    let local = LocalKeys::new(root, kms.keys, random.clone());
    let masters: Arc<dyn MasterKeys> = match kms.service {
        Some(service) => {
            // A signature's time is compared with the key service's own.
            Arc::new(WithService::new(local, Arc::new(Kms::new(service, clocks.machine.clone())?)))
        }
        None => Arc::new(local),
    };
    let Clocks { service: clock, machine: machine_clock } = clocks;
    let opened = Vault::open(VaultParts { catalog, masters, clock, machine_clock, random }).await;
    opened.map_err(|error| unopened(&error, path.as_deref()))
}

/// Why a vault does not open, and what to do.
pub fn unopened(error: &VaultError, path: Option<&Path>) -> String {
    match (error, path) {
        (VaultError::Key(error), Some(path)) => format!(
            "the master key of {} does not fit this data: put back the file that was made with it ({error})",
            path.display()
        ),
        (error, _) => format!("the vault did not open: {error}"),
    }
}
