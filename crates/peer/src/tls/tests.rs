use tokio::net::TcpListener;

use super::*;
use crate::ClusterSecret;

fn tls(secret: &ClusterSecret, cluster: ClusterId, node: NodeId) -> Tls {
    Tls::new(&Security::Secret(secret.clone()), cluster, node, &Arc::default()).unwrap()
}

#[tokio::test]
async fn a_certificate_is_good_for_its_own_node_and_cluster_only() {
    let secret = ClusterSecret::generate();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (dialler, door) = (tls(&secret, 7, 1), tls(&secret, 7, 2));
    let accepted = async { door.accept(listener.accept().await.unwrap().0).await.unwrap() };
    let dialled = async { dialler.connect(TcpStream::connect(address).await.unwrap()).await.unwrap() };
    let (accepted, dialled) = tokio::join!(accepted, dialled);
    assert_eq!(door.check_identity(&accepted, 7, 1), Ok(()));
    assert_eq!(dialler.check_identity(&dialled, 7, 2), Ok(()));
    for (cluster, node) in [(7, 2), (7, 3), (8, 1), (1, 7)] {
        assert_eq!(door.check_identity(&accepted, cluster, node).unwrap_err().reason, Refusal::Identity);
    }
}

#[test]
fn certificates_hold_at_any_time_a_clock_may_show() {
    let secret = ClusterSecret::generate();
    let (mine, yours) = (certificates::from_secret(&secret, 7, 1).unwrap(), certificates::from_secret(&secret, 7, 2).unwrap());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(mine.ca).unwrap();
    let chain = Chain { roots: Arc::new(roots), provider };
    let name = ServerName::try_from("manifold").unwrap();
    for seconds in [1, 86_400, 1_800_000_000, 4_102_444_800, 100_000_000_000] {
        let now = UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds));
        assert!(chain.verify_server_cert(&yours.leaf, &[], &name, &[], now).is_ok(), "{seconds} s after 1970");
    }
}

#[test]
fn plain_text_is_for_loopback_only() {
    for (address, allowed) in [
        ("127.0.0.1:1", true),
        ("127.9.9.9:1", true),
        ("[::1]:1", true),
        ("[::ffff:127.0.0.1]:1", true),
        ("10.0.0.1:1", false),
        ("[::]:1", false),
        ("0.0.0.0:1", false),
    ] {
        assert_eq!(Tls::Plain.check_address(address.parse().unwrap()).is_ok(), allowed, "{address}");
    }
    assert!(tls(&ClusterSecret::generate(), 1, 1).check_address("10.0.0.1:1".parse().unwrap()).is_ok());
}
