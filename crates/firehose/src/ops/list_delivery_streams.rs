//! ListDeliveryStreams.

use millstream_api::Error;
use millstream_api::firehose::{ListDeliveryStreamsInput, ListDeliveryStreamsOutput};
use millstream_streams::Caller;

use crate::describe::kind_of;
use crate::errors::Refusal;
use crate::rates::Call;
use crate::service::{Firehose, name_of};

/// Names on a page (botocore, `ListDeliveryStreamsInput`).
const PAGE_DEFAULT: i32 = 10;

impl Firehose {
    /// A page of names in their order.
    pub async fn list_delivery_streams(
        &self,
        caller: &Caller,
        input: ListDeliveryStreamsInput,
    ) -> Result<ListDeliveryStreamsOutput, Error> {
        caller.may("firehose:ListDeliveryStreams", &"*")?;
        self.admit_call(Call::List, caller)?;
        let after =
            input.exclusive_start_delivery_stream_name.as_deref().map(name_of).transpose()?;
        let page = usize::try_from(input.limit.unwrap_or(PAGE_DEFAULT)).unwrap_or(0);
        self.catalog.barrier().await.map_err(Refusal::from)?;
        let mut names: Vec<String> = self.catalog.read(|state| {
            let all = state.delivery_streams();
            let listed = all.list(caller.account, &caller.region, after.as_ref());
            let wanted = listed.filter(|stream| {
                input.delivery_stream_type.is_none_or(|kind| kind == kind_of(&stream.source))
            });
            wanted.take(page + 1).map(|stream| stream.name.to_string()).collect()
        });
        let has_more_delivery_streams = names.len() > page;
        names.truncate(page);
        Ok(ListDeliveryStreamsOutput { delivery_stream_names: names, has_more_delivery_streams })
    }
}
