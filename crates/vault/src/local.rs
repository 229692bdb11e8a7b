//! Local master keys: the service's own, and those that the configuration declares. All are derived from one secret,
//! the contents of the master key's file.

use std::sync::Arc;

use millstream_types::{AccountId, Random};

use crate::data_key::DataKey;
use crate::error::{KeyError, KeyFault};
use crate::master::{Fut, Generated, MasterKeys, Owner};
use crate::name::{KeyName, S3_ALIAS};
use crate::wrap::{unwrap, wrap};

/// What one name of a local key begins with.
const PREFIX: &str = "local:";
/// The one names of the services' own keys.
const SERVICE: &str = "local:aws/kinesis";
const S3: &str = "local:aws/s3";
const S3_MANAGED: &str = "local:s3";

/// Whether a declared key may be used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeyUse {
    /// It may.
    #[default]
    Enabled,
    /// It is disabled.
    Disabled,
    /// It is about to be deleted.
    PendingDeletion,
    /// Its policy does not let the service use it.
    Denied,
}

/// A key that the configuration declares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalKey {
    /// Its id.
    pub id: String,
    /// Its aliases, each beginning with `alias/`.
    pub aliases: Vec<String>,
    /// Whose it is.
    pub account: AccountId,
    /// Whether it may be used.
    pub usable: KeyUse,
}

/// The local keys.
pub struct LocalKeys {
    root: DataKey,
    declared: Vec<LocalKey>,
    random: Arc<dyn Random>,
}

/// A key that was found.
pub enum Found<'a> {
    /// A service's own, by its one name.
    Service(&'static str),
    /// A declared one.
    Declared(&'a LocalKey),
}

impl Found<'_> {
    fn master(&self) -> String {
        match self {
            Found::Service(master) => (*master).into(),
            Found::Declared(key) => format!("{PREFIX}{}/{}", key.account, key.id),
        }
    }

    fn require_usable(&self, owner: &Owner) -> Result<(), KeyError> {
        let Found::Declared(key) = self else { return Ok(()) };
        let arn = format!("arn:aws:kms:{}:{}:key/{}", owner.region, key.account, key.id);
        match key.usable {
            KeyUse::Enabled => Ok(()),
            KeyUse::Disabled => {
                Err(KeyError::new(KeyFault::Disabled, format!("{arn} is disabled.")))
            }
            KeyUse::PendingDeletion => {
                Err(KeyError::new(KeyFault::InvalidState, format!("{arn} is pending deletion.")))
            }
            KeyUse::Denied => Err(KeyError::foreign_ciphertext()),
        }
    }
}

/// A service's own key serves that service alone (KMS developer guide, "AWS managed keys").
fn service_key<'a>(owner: &Owner, name: &KeyName) -> Result<Found<'a>, KeyError> {
    if name.is_s3() != (owner.service() == Some("s3")) {
        return Err(KeyError::foreign_ciphertext());
    }
    Ok(Found::Service(match name.resource() {
        S3_ALIAS => S3,
        _ if name.is_s3() => S3_MANAGED,
        _ => SERVICE,
    }))
}

impl LocalKeys {
    /// Keys derived from the secret of the master key's file.
    pub fn new(root: DataKey, declared: Vec<LocalKey>, random: Arc<dyn Random>) -> Self {
        LocalKeys { root, declared, random }
    }

    /// Whether a one name is that of a local key.
    pub fn is_local(master: &str) -> bool {
        master.starts_with(PREFIX)
    }

    /// The ARN by which a master key of this one name is shown to its owner.
    pub fn arn_of(owner: &Owner, master: &str) -> String {
        let Some(local) = master.strip_prefix(PREFIX) else { return master.to_owned() };
        let (partition, region) = (owner.region.partition(), &owner.region);
        match local.split_once('/') {
            Some(("aws", _)) => {
                format!("arn:{partition}:kms:{region}:{}:alias/{local}", owner.account)
            }
            Some((account, id)) => format!("arn:{partition}:kms:{region}:{account}:key/{id}"),
            None => master.to_owned(),
        }
    }

    /// A data key as it is stored, opened with the secret of the master key's file alone, whatever keys are declared:
    /// for checks of a data directory.
    pub fn open_stored(
        root: &DataKey,
        master: &str,
        context: &str,
        wrapped: &[u8],
    ) -> Option<DataKey> {
        Self::is_local(master).then(|| unwrap(root, master, context, wrapped)).flatten()
    }

    /// The key that a user means.
    pub fn find(&self, owner: &Owner, name: &KeyName) -> Result<Found<'_>, KeyError> {
        let missing = || {
            let arn = name.arn(&owner.region, owner.account);
            KeyError::new(
                KeyFault::NotFound,
                match name.is_alias() {
                    true => format!("Alias {arn} is not found."),
                    false => format!("Key '{arn}' does not exist"),
                },
            )
        };
        match name.place() {
            // Another account's key needs a policy that says so, and there are none. Whether there is such a key is
            // nobody's business.
            Some((_, account)) if *account != owner.account => {
                return Err(KeyError::foreign_ciphertext());
            }
            Some((region, _)) if *region != owner.region => {
                return Err(KeyError::new(KeyFault::NotFound, format!("Invalid arn {region}")));
            }
            Some(_) | None => {}
        }
        if name.is_service() {
            return service_key(owner, name);
        }
        let named = |key: &&LocalKey| match name.is_alias() {
            true => key.aliases.iter().any(|alias| alias == name.resource()),
            false => key.id == name.resource(),
        };
        let key = self.declared.iter().filter(|key| key.account == owner.account).find(named);
        key.map(Found::Declared).ok_or_else(missing)
    }

    /// The key of a one name.
    fn by_master(&self, master: &str) -> Result<Found<'_>, KeyError> {
        if let Some(own) = [SERVICE, S3, S3_MANAGED].into_iter().find(|own| *own == master) {
            return Ok(Found::Service(own));
        }
        let key = self.declared.iter().find(|key| Found::Declared(key).master() == master);
        key.map(Found::Declared).ok_or_else(|| {
            let name = master.strip_prefix(PREFIX).unwrap_or(master);
            let id = name.split_once('/').map_or(name, |(_, id)| id);
            KeyError::new(KeyFault::NotFound, format!("Key '{id}' does not exist"))
        })
    }

    /// A new data key for an owner.
    fn generate_now(&self, owner: &Owner, name: &KeyName) -> Result<Generated, KeyError> {
        let found = self.find(owner, name)?;
        found.require_usable(owner)?;
        let (master, key) = (found.master(), DataKey::random(&*self.random));
        let wrapped = wrap(&self.root, &master, &owner.context, &key, &*self.random);
        Ok(Generated { master, key, wrapped })
    }

    fn unwrap_now(&self, owner: &Owner, master: &str, wrapped: &[u8]) -> Result<DataKey, KeyError> {
        self.by_master(master)?.require_usable(owner)?;
        unwrap(&self.root, master, &owner.context, wrapped).ok_or_else(KeyError::foreign_ciphertext)
    }
}

impl MasterKeys for LocalKeys {
    fn resolve<'a>(&'a self, owner: &'a Owner, name: &'a KeyName) -> Fut<'a, String> {
        let found = self.find(owner, name).map(|found| found.master());
        Box::pin(async move { found })
    }

    fn generate<'a>(&'a self, owner: &'a Owner, name: &'a KeyName) -> Fut<'a, Generated> {
        Box::pin(async move { self.generate_now(owner, name) })
    }

    fn unwrap<'a>(
        &'a self,
        owner: &'a Owner,
        master: &'a str,
        wrapped: &'a [u8],
    ) -> Fut<'a, DataKey> {
        Box::pin(async move { self.unwrap_now(owner, master, wrapped) })
    }
}

#[cfg(test)]
mod tests {
    use millstream_types::SeededRandom;

    use super::*;
    use crate::name::SERVICE_ALIAS;

    fn keys(usable: KeyUse) -> LocalKeys {
        let key = LocalKey {
            id: "1234".into(),
            aliases: vec!["alias/mine".into()],
            account: AccountId::from_u64(7).unwrap(),
            usable,
        };
        LocalKeys::new(DataKey::new([5; 32]), vec![key], Arc::new(SeededRandom::new(1)))
    }

    fn owner(account: u64) -> Owner {
        Owner {
            account: AccountId::from_u64(account).unwrap(),
            region: "us-east-1".parse().unwrap(),
            context: "arn".into(),
        }
    }

    fn generate(keys: &LocalKeys, account: u64, name: &str) -> Result<Generated, KeyError> {
        keys.generate_now(&owner(account), &KeyName::parse(name).unwrap())
    }

    #[test]
    fn a_key_is_found_by_each_of_its_names() {
        let keys = keys(KeyUse::Enabled);
        let arn = "arn:aws:kms:us-east-1:000000000007:";
        for name in ["1234", "alias/mine", &format!("{arn}key/1234"), &format!("{arn}alias/mine")] {
            let made = generate(&keys, 7, name).unwrap();
            assert_eq!(made.master, "local:000000000007/1234");
            assert_eq!(keys.unwrap_now(&owner(7), &made.master, &made.wrapped), Ok(made.key));
        }
        assert_eq!(generate(&keys, 9, SERVICE_ALIAS).unwrap().master, SERVICE);
    }

    #[test]
    fn a_services_own_key_serves_that_service_alone() {
        let keys = keys(KeyUse::Enabled);
        let of_object = Owner { context: "arn:aws:s3:::bucket/a:firehose:b".into(), ..owner(7) };
        let denied = Err(KeyFault::AccessDenied);
        for (name, stream, object) in [
            (KeyName::service(), Ok(SERVICE), denied),
            (KeyName::s3(), denied, Ok(S3)),
            (KeyName::s3_managed(), denied, Ok(S3_MANAGED)),
        ] {
            for (owner, expected) in [(owner(7), stream), (of_object.clone(), object)] {
                let made = keys.generate_now(&owner, &name);
                let master = made.as_ref().map(|made| made.master.as_str()).map_err(|e| e.fault);
                assert_eq!(master, expected, "{name} for {}", owner.context);
                if let Ok(made) = made {
                    assert_eq!(keys.unwrap_now(&owner, &made.master, &made.wrapped), Ok(made.key));
                }
            }
        }
    }

    #[test]
    fn a_key_is_shown_by_an_arn_that_means_it() {
        let keys = keys(KeyUse::Enabled);
        let object = Owner { context: "arn:aws:s3:::bucket/k".into(), ..owner(7) };
        for name in [KeyName::parse("alias/mine").unwrap(), KeyName::s3()] {
            let master = keys.generate_now(&object, &name).unwrap().master;
            let shown = KeyName::parse(&LocalKeys::arn_of(&object, &master)).unwrap();
            assert_eq!(keys.generate_now(&object, &shown).unwrap().master, master);
        }
        let arn = "arn:aws:kms:us-east-1:000000000007:key/far";
        assert_eq!(LocalKeys::arn_of(&object, arn), arn);
    }

    #[test]
    fn keys_that_cannot_be_used_say_why() {
        let fault = |usable, account, name: &str| {
            generate(&keys(usable), account, name).map(|made| made.master).unwrap_err()
        };
        let missing = fault(KeyUse::Enabled, 7, "9999");
        let text = "Key 'arn:aws:kms:us-east-1:000000000007:key/9999' does not exist";
        assert_eq!(missing, KeyError::new(KeyFault::NotFound, text));
        let missing = fault(KeyUse::Enabled, 7, "alias/other");
        let text = "Alias arn:aws:kms:us-east-1:000000000007:alias/other is not found.";
        assert_eq!(missing, KeyError::new(KeyFault::NotFound, text));
        let disabled = fault(KeyUse::Disabled, 7, "alias/mine");
        let text = "arn:aws:kms:us-east-1:000000000007:key/1234 is disabled.";
        assert_eq!(disabled, KeyError::new(KeyFault::Disabled, text));
        for (usable, account, name, expected) in [
            (KeyUse::Enabled, 8, "1234", KeyFault::NotFound),
            (KeyUse::PendingDeletion, 7, "1234", KeyFault::InvalidState),
            (KeyUse::Denied, 7, "1234", KeyFault::AccessDenied),
            (
                KeyUse::Enabled,
                8,
                "arn:aws:kms:us-east-1:000000000007:key/1234",
                KeyFault::AccessDenied,
            ),
            // No word of whether another account has a key.
            (
                KeyUse::Enabled,
                8,
                "arn:aws:kms:us-west-2:000000000007:key/9999",
                KeyFault::AccessDenied,
            ),
            (
                KeyUse::Enabled,
                8,
                "arn:aws:kms:us-east-1:000000000007:alias/aws/kinesis",
                KeyFault::AccessDenied,
            ),
            (KeyUse::Enabled, 7, "arn:aws:kms:us-west-2:000000000007:key/1234", KeyFault::NotFound),
        ] {
            assert_eq!(fault(usable, account, name).fault, expected, "{name}");
        }
    }

    #[test]
    fn what_was_wrapped_opens_while_its_key_may_be_used() {
        let made = generate(&keys(KeyUse::Enabled), 7, "1234").unwrap();
        let unwrapped = |keys: LocalKeys| keys.unwrap_now(&owner(7), &made.master, &made.wrapped);
        assert_eq!(unwrapped(keys(KeyUse::Disabled)).unwrap_err().fault, KeyFault::Disabled);
        let mut gone = keys(KeyUse::Enabled);
        gone.declared.clear();
        assert_eq!(unwrapped(gone).unwrap_err().fault, KeyFault::NotFound);
        let mut other = keys(KeyUse::Enabled);
        other.root = DataKey::new([6; 32]);
        assert_eq!(unwrapped(other).unwrap_err().fault, KeyFault::AccessDenied);
        assert_eq!(unwrapped(keys(KeyUse::Enabled)), Ok(made.key.clone()));
    }
}
