//! Back to an empty service, for tests: everything is deleted as clients delete it.

use millstream_api::Error;
use millstream_catalog::{DeliveryStreamCommand, DeliveryStreamStatus, Refusal as Why};
use millstream_log::GroupId;

use crate::errors::Refusal;
use crate::service::Firehose;

impl Firehose {
    /// Deletes every delivery stream of every account and region, waits until all are gone, and forgets what rates have
    /// counted. Returns how many there were. What others make meanwhile stays.
    pub async fn reset(&self) -> Result<u64, Error> {
        self.catalog.barrier().await.map_err(Refusal::from)?;
        let groups: Vec<GroupId> = self
            .catalog
            .read(|state| state.delivery_streams().all().map(|stream| stream.data_group).collect());
        for group in &groups {
            self.remove(*group).await?;
        }
        self.rates.clear();
        Ok(groups.len() as u64)
    }

    /// Deletes a delivery stream and waits until it is gone.
    async fn remove(&self, group: GroupId) -> Result<(), Refusal> {
        let mut changes = self.catalog.changes();
        loop {
            changes.mark_unchanged();
            let found =
                self.catalog.read(|state| state.delivery_streams().by_group(group).cloned());
            let Some(stream) = found else { return Ok(()) };
            match stream.status {
                DeliveryStreamStatus::Creating | DeliveryStreamStatus::Deleting => {
                    let stopped = |_| Refusal::Catalog("the catalog stopped".into());
                    changes.changed().await.map_err(stopped)?;
                }
                DeliveryStreamStatus::Active
                | DeliveryStreamStatus::CreatingFailed
                | DeliveryStreamStatus::DeletingFailed => {
                    let delete = DeliveryStreamCommand::Delete { group: group.0, at: self.now().0 };
                    match self.change(&stream.name, stream.account, delete).await {
                        // Another request was faster.
                        Ok(_) | Err(Refusal::Change { why: Why::DeliveryStream(_), .. }) => {}
                        Err(why) => return Err(why),
                    }
                }
            }
        }
    }
}
