//! tonic: put, get and watch, messages of 10 MB, and 1,000 streams on one connection, without TLS and with.
//! Arguments: plain address, TLS address, file with the authority. Exits 1 at the first surprise.
mod messages;

use messages::*;
use std::error::Error;
use std::time::Duration;
use tokio_stream::StreamExt;
use tonic::client::Grpc;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint};
use tonic::{Request, Streaming};
use tonic_prost::ProstCodec;

const LARGE_BYTES: usize = 10_000_000;
const STREAMS: usize = 1000;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

fn check(ok: bool, what: impl Into<String>) -> Outcome<()> {
    if ok { Ok(()) } else { Err(what.into().into()) }
}

#[derive(Clone)]
struct Client(Channel);

impl Client {
    fn grpc(&self) -> Grpc<Channel> {
        Grpc::new(self.0.clone()).max_decoding_message_size(2 * LARGE_BYTES)
    }

    async fn unary<Q, R>(&self, path: &'static str, request: Q) -> Outcome<R>
    where
        Q: prost::Message + 'static,
        R: prost::Message + Default + 'static,
    {
        let mut grpc = self.grpc();
        grpc.ready().await?;
        let path = PathAndQuery::from_static(path);
        let response = grpc.unary(Request::new(request), path, ProstCodec::<Q, R>::default());
        Ok(response.await?.into_inner())
    }

    async fn put(&self, key: &str, value: Vec<u8>) -> Outcome<PutResponse> {
        let request = PutRequest { key: key.into(), value };
        self.unary("/etcdserverpb.KV/Put", request).await
    }

    async fn get(&self, key: &str) -> Outcome<RangeResponse> {
        self.unary("/etcdserverpb.KV/Range", RangeRequest { key: key.into() }).await
    }

    /// A stream of its own that watches one key, once the server has said that it does.
    async fn watch(&self, key: &str) -> Outcome<Streaming<WatchResponse>> {
        let create_request = Some(WatchCreateRequest { key: key.into() });
        // The request stream stays open: its end would end the watch.
        let requests = tokio_stream::once(WatchRequest { create_request }).chain(tokio_stream::pending());
        let mut grpc = self.grpc();
        grpc.ready().await?;
        let path = PathAndQuery::from_static("/etcdserverpb.Watch/Watch");
        let codec = ProstCodec::<WatchRequest, WatchResponse>::default();
        let mut responses = grpc.streaming(Request::new(requests), path, codec).await?.into_inner();
        let first = responses.message().await?.ok_or("the watch ended")?;
        check(first.created, "watch created")?;
        Ok(responses)
    }
}

async fn calls(client: &Client) -> Outcome<()> {
    let mut events = client.watch("clients/rust/a").await?;
    let revision = client.put("clients/rust/a", b"1".to_vec()).await?.header.unwrap_or_default().revision;
    let get = client.get("clients/rust/a").await?;
    check(get.kvs.len() == 1 && get.kvs[0].value == b"1", format!("get {get:?}"))?;
    check(get.kvs[0].mod_revision == revision, format!("mod revision {get:?}"))?;
    let event = events.message().await?.ok_or("the watch ended")?;
    check(event.events.len() == 1 && event.header.unwrap_or_default().revision == revision, "watch")?;
    match client.put("", Vec::new()).await {
        Ok(_) => check(false, "an empty key is refused"),
        Err(error) => check(error.to_string().contains("key is not provided"), error.to_string()),
    }
}

async fn large(client: &Client) -> Outcome<()> {
    let value = b"0123456789".repeat(LARGE_BYTES / 10);
    client.put("clients/rust/large", value.clone()).await?;
    let get = client.get("clients/rust/large").await?;
    check(get.kvs.len() == 1 && get.kvs[0].value == value, "10 MB come back as they went")
}

async fn many_streams(client: &Client) -> Outcome<()> {
    let key = |i: usize| format!("streams/rust/{i}");
    let mut watches = Vec::new();
    for i in 0..STREAMS {
        watches.push(client.watch(&key(i)).await?);
    }
    let puts: Vec<_> = (0..STREAMS)
        .map(|i| {
            let client = client.clone();
            tokio::spawn(async move { client.put(&key(i), b"x".to_vec()).await })
        })
        .collect();
    for put in puts {
        put.await??;
    }
    for (i, watch) in watches.iter_mut().enumerate() {
        let events = watch.message().await?.ok_or("the watch ended")?.events;
        let keys: Vec<_> = events.iter().filter_map(|event| event.kv.as_ref()).map(|kv| &kv.key).collect();
        check(keys == [key(i).as_bytes()], format!("event of stream {i}: {events:?}"))?;
    }
    Ok(())
}

async fn walk(endpoint: Endpoint) -> Outcome<()> {
    let client = Client(endpoint.connect().await?);
    calls(&client).await?;
    large(&client).await?;
    many_streams(&client).await
}

#[tokio::main]
async fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, plain, secure, authority] = arguments.as_slice() else {
        return Err("usage: client PLAIN SECURE AUTHORITY".into());
    };
    let certificate = Certificate::from_pem(std::fs::read(authority)?);
    let tls = ClientTlsConfig::new().ca_certificate(certificate);
    let plain = Endpoint::from_shared(format!("http://{plain}"))?;
    let secure = Endpoint::from_shared(format!("https://{secure}"))?.tls_config(tls)?;
    for endpoint in [plain, secure] {
        tokio::time::timeout(Duration::from_secs(30), walk(endpoint)).await??;
    }
    println!("rust: ok");
    Ok(())
}
