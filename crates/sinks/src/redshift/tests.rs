use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

use super::*;
use crate::samples::{outbound, parcel};
use millstream_firehose::settings::SecretText;
use millstream_firehose::sink::{Put, Sender};

struct NoObjects;

impl ObjectStorage for NoObjects {
    fn accepts(&self, _: &str, _: &Encryption) -> Result<(), String> {
        Ok(())
    }

    fn is_outward(&self, _: &str) -> bool {
        false
    }

    fn put<'a>(&'a self, _: &'a Sender, _: &'a Object) -> SinkFuture<'a, Result<Put, SinkError>> {
        Box::pin(std::future::ready(Ok(Put::Written)))
    }
}

fn sink(port: u16) -> RedshiftSink {
    let host = "dev.redshift.test";
    let address = ClusterAddress { host: "127.0.0.1".into(), port, plain: true, retry_after: None };
    let configuration =
        RedshiftConfiguration { hosts: HashMap::from([(host.to_owned(), address)]) };
    let parts = RedshiftParts { outbound: outbound(), objects: Arc::new(NoObjects), configuration };
    let destination = RedshiftDestination {
        jdbc_url: format!("jdbc:redshift://{host}:5439/dev").into(),
        user: "u".into(),
        password: SecretText("p".into()),
        table: "t".into(),
        columns: None,
        copy_options: None,
        role_arn: "role".into(),
    };
    RedshiftSink::new(parts, destination).unwrap()
}

/// Lets a client in, tells when it asks something, never answers, and tells when it is gone.
async fn never_answers(
    mut client: TcpStream,
    asked: oneshot::Sender<()>,
    gone: oneshot::Sender<()>,
) {
    let mut startup = vec![0; client.read_u32().await.unwrap() as usize - 4];
    client.read_exact(&mut startup).await.unwrap();
    // AuthenticationOk, and ReadyForQuery.
    client.write_all(b"R\0\0\0\x08\0\0\0\0Z\0\0\0\x05I").await.unwrap();
    client.read_u8().await.unwrap();
    asked.send(()).unwrap();
    let mut rest = Vec::new();
    let _ = client.read_to_end(&mut rest).await;
    let _ = gone.send(());
}

#[tokio::test]
async fn a_session_ends_with_the_attempt_that_nobody_waits_for_any_longer() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let sink = sink(listener.local_addr().unwrap().port());
    let ((asked, is_asked), (gone, is_gone)) = (oneshot::channel(), oneshot::channel());
    tokio::spawn(async move {
        let (client, _) = listener.accept().await.unwrap();
        never_answers(client, asked, gone).await;
    });
    let staged = StagedObject { bucket: "b".into(), key: "k".into(), body: Bytes::new() };
    let parcel = Parcel { staged: Some(staged), ..parcel(&[]) };
    tokio::select! {
        done = sink.deliver(&parcel) => panic!("{done:?}"),
        asked = is_asked => asked.unwrap(),
    }
    timeout(Duration::from_secs(10), is_gone).await.expect("the session is still open").unwrap();
}
