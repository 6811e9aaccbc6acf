//! The command line.

use clap::{Parser, ValueEnum};
use std::path::PathBuf;

/// The longest value: a request has to fit the smallest window that a server may offer.
pub const VALUE_BYTES_MAX: usize = 64_000;

/// What to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Operation {
    /// Puts unique keys in turn, with unique values.
    Put,
    /// Linearizable gets of random keys.
    Get,
    /// Serializable gets of random keys.
    Sget,
    /// Transactions: if VERSION differs from the greatest number, put.
    Txn,
    /// Lists `--limit` keys from a random one on.
    List,
    /// Watchers of everything, and puts that all of them receive.
    Watch,
    /// Leases with one key each that all end at one moment, and puts meanwhile.
    Lease,
    /// Waits until the server answers a linearizable get.
    Ready,
    /// Reads back what `--acks FILE` says was acknowledged.
    Check,
}

/// Drives one etcd-shaped gRPC server over plain-text HTTP/2 and prints one line of JSON.
#[derive(Parser, Clone, Debug)]
#[command(version, about)]
pub struct Options {
    /// Server addresses, host:port; connections are spread over them.
    #[arg(long, default_value = "127.0.0.1:2379", value_delimiter = ',')]
    pub addr: Vec<String>,
    /// What to do.
    #[arg(long, value_enum, default_value = "put")]
    pub op: Operation,
    /// Connections.
    #[arg(long, default_value_t = 8)]
    pub conns: usize,
    /// Requests in flight on each connection.
    #[arg(long, default_value_t = 32)]
    pub streams: usize,
    /// Requests in all (of leases: how many).
    #[arg(long, short, default_value_t = 100_000)]
    pub n: u64,
    /// Stop after this many seconds even if fewer requests were sent.
    #[arg(long, default_value_t = 120)]
    pub seconds: u64,
    /// How many keys there are: put writes them in turn, get draws from them.
    #[arg(long, default_value_t = 100_000)]
    pub keys: u64,
    /// Bytes of each value, from 8 to 64,000.
    #[arg(long, default_value_t = 256)]
    pub value: usize,
    /// What every key begins with.
    #[arg(long, default_value = "storm/")]
    pub prefix: String,
    /// Keys in one list.
    #[arg(long, default_value_t = 500)]
    pub limit: u64,
    /// One constant value in every put (what an unchanged-write shortcut would like).
    #[arg(long)]
    pub same_value: bool,
    /// Requests per second over all connections, sent on schedule whatever the answers do; latencies then count from
    /// the moment at which the request should have been sent.
    #[arg(long)]
    pub rate: Option<f64>,
    /// Watchers in all, spread over the connections.
    #[arg(long, default_value_t = 1000)]
    pub watchers: usize,
    /// Seconds after the start at which all leases end.
    #[arg(long, default_value_t = 60)]
    pub ttl: u64,
    /// After a put run, read every acknowledged key back and compare.
    #[arg(long)]
    pub verify: bool,
    /// With put or txn: write the acknowledged serials here, one a line, also when the server dies in the middle.
    /// With `--op check`: read them back from here, and compare what the server holds.
    #[arg(long)]
    pub acks: Option<PathBuf>,
    /// The server's process id: its CPU time per request is printed.
    #[arg(long, value_delimiter = ',')]
    pub pid: Vec<u32>,
}

impl Options {
    /// The key that number `serial` writes.
    pub fn key(&self, serial: u64) -> Vec<u8> {
        format!("{}{:012}", self.prefix, serial % self.keys).into_bytes()
    }

    /// The bytes that put number `serial` writes: the serial, then a stream that depends on it alone.
    pub fn value(&self, serial: u64) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.value.max(8) + 8);
        let seed = if self.same_value { 1 } else { serial };
        out.extend_from_slice(&seed.to_le_bytes());
        let mut x = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
        while out.len() < self.value {
            x = xorshift(x);
            out.extend_from_slice(&x.to_le_bytes());
        }
        out.truncate(self.value.max(8));
        out
    }
}

/// The next number of a xorshift sequence (Marsaglia, 2003).
pub fn xorshift(mut x: u64) -> u64 {
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    x
}
