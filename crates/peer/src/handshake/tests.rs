use std::sync::Arc;

use tokio::net::{TcpListener, TcpStream};

use super::*;
use crate::{ClusterSecret, Security, connection::tests::shared, tls::Tls};

/// A node that calls itself `node` with a certificate made for `certified`.
fn node(secret: &ClusterSecret, node: NodeId, certified: NodeId) -> Arc<Shared> {
    shared(node, Tls::new(&Security::Secret(secret.clone()), 1, certified, &Arc::default()).unwrap())
}

/// Both sides' outcomes of a handshake.
async fn shake(one: &Shared, two: &Shared, to: NodeId) -> (Result<Terms, Failed>, Result<Terms, Failed>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let accepting = async {
        let mut wire = two.tls.accept(listener.accept().await?.0).await?;
        welcome(two, &mut wire).await
    };
    let dialling = async {
        let mut wire = one.tls.connect(TcpStream::connect(address).await?).await?;
        greet(one, &mut wire, to, Channel::Bulk).await
    };
    tokio::join!(dialling, accepting)
}

fn reason(outcome: Result<Terms, Failed>) -> (Refusal, bool) {
    match outcome {
        Err(Failed::Refused(refused)) => (refused.reason, refused.by_peer),
        other => panic!("not refused: {other:?}"),
    }
}

#[tokio::test]
async fn nobody_speaks_for_another_node_with_its_own_certificate() {
    let secret = ClusterSecret::generate();
    let (dialled, accepted) = shake(&node(&secret, 1, 1), &node(&secret, 2, 2), 2).await;
    assert_eq!((dialled.unwrap().peer, accepted.unwrap().peer), (2, 1));

    let (dialled, accepted) = shake(&node(&secret, 3, 1), &node(&secret, 2, 2), 2).await;
    assert_eq!((reason(dialled), reason(accepted)), ((Refusal::Identity, true), (Refusal::Identity, false)));

    let (dialled, accepted) = shake(&node(&secret, 1, 1), &node(&secret, 2, 3), 2).await;
    assert_eq!((reason(dialled), reason(accepted)), ((Refusal::Identity, false), (Refusal::Identity, true)));
}
