//! The bytes of commands: kept data directories hold those of the first eleven.

use std::collections::BTreeMap;

use millstream_catalog::{CatalogMachine, Command, QueueCommand, Reshard};
use millstream_replica::Machine;

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn create() -> Command {
    Command::CreateStream {
        account: 1,
        region: "r".into(),
        name: "n".into(),
        shard_count: 2,
        max_record_size_kib: 3,
        tags: BTreeMap::new(),
        at: 4,
        shards_max: 5,
        streams_max: 6,
        creating_max: 7,
        retention_hours: None,
    }
}

#[test]
fn released_commands_keep_their_bytes() {
    let (group, at) = (1, 2);
    let tags = BTreeMap::from([("k".to_owned(), "v".to_owned())]);
    let reshard = Reshard::Merge { shard: 2, adjacent: 3 };
    for (command, bytes) in [
        (Command::InitSecrets { token_key: vec![7] }, "8200814107"),
        (create(), "82018a016172616e0203a004050607"),
        (Command::Activate { group, at }, "8202820102"),
        (Command::DeleteStream { group, at }, "8203820102"),
        (Command::RemoveStream { group }, "82048101"),
        (Command::SetRetention { group, hours: 2, at: 3, from_hours: 4 }, "82058401020304"),
        (Command::AddTags { group, tags, tags_max: 2 }, "82068301a1616b617602"),
        (Command::RemoveTags { group, keys: vec!["k".into()] }, "8207820181616b"),
        (Command::BeginReshard { group, reshard, at: 4, shards_max: 5 }, "8208840182018202030405"),
        (Command::FinishReshard { group, ends: vec![2], at: 3 }, "82098301810203"),
        (Command::ExpireShards { group, before: 2 }, "820a820102"),
    ] {
        assert_eq!(hex(&CatalogMachine::encode(&command)), bytes, "{command:?}");
        assert_eq!(CatalogMachine::decode(&CatalogMachine::encode(&command), 1), Ok(command));
    }
}

#[test]
fn a_command_of_a_family_lies_within_that_of_the_family() {
    let command: Command = QueueCommand::Remove { group: 1 }.into();
    assert_eq!(hex(&CatalogMachine::encode(&command)), "8218328182048101");
}
