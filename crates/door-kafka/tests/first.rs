mod house;
#[tokio::test(flavor = "multi_thread")]
async fn opens() {
    let house = house::House::open().await;
    let mut client = house.client().await;
    client.create("a", 2, &[]).await;
    house.close().await;
}
