//! The rows: what is done to one server in one run, and which figures that gives.

use crate::storm::{number, storm};
use crate::trio::Trio;
use interop::disks::Throttle;
use interop::wire::{Wire, pb};
use interop::{Server, Settings};
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// All rows, in order.
pub(crate) const ROWS: &[&str] =
    &["put", "get", "list", "one", "iops", "watch", "million", "lease", "disk", "idle", "three", "three-iops"];

/// Writes a second that the slow disk allows.
pub(crate) const WRITE_IOPS: u32 = 150;
/// Puts of one round of the load of minutes, as fast as they go; each key of two sets is written again every second round.
const ROUND_PUTS: u64 = 20_000;
/// A round's time, with the pause after its puts; each ends with a compaction.
const ROUND: Duration = Duration::from_secs(10);
/// Puts of one of the bursts that show the acknowledgement path alone.
const BURST_PUTS: u64 = 4_096;

/// How much is measured, and with what.
pub(crate) struct Bench {
    /// The load generator.
    pub(crate) storm: PathBuf,
    /// The load is divided by this.
    pub(crate) part: u64,
    /// Minutes of the row `disk`.
    pub(crate) minutes: f64,
}

pub(crate) type Figures = Vec<(&'static str, f64)>;

impl Bench {
    /// One run of one row. What went wrong is printed, and its figures are not numbers.
    pub(crate) async fn run(&self, row: &str, settings: &Settings) -> Figures {
        let figures = match row {
            "three" => Trio::start(settings).await.put(&self.storm, self.part),
            "three-iops" => Trio::start(settings).await.iops(&self.storm, self.part),
            _ => self.run_alone(row, settings).await,
        };
        figures.unwrap_or_else(|e| {
            eprintln!("{row}: {e}");
            Vec::new()
        })
    }

    async fn run_alone(&self, row: &str, settings: &Settings) -> Result<Figures, String> {
        let server = Server::start(settings.clone()).await;
        match row {
            "put" => self.put(&server),
            "get" => self.get(&server),
            "list" => self.list(&server),
            "one" => self.one(&server),
            "iops" => self.iops(&server),
            "watch" => self.watch(&server),
            "million" => self.million(server).await,
            "lease" => self.lease(&server),
            "disk" => self.disk(&server).await,
            "idle" => idle(&server).await,
            other => Err(format!("no row is named {other:?}")),
        }
    }

    fn storm(&self, server: &Server, arguments: &str) -> Result<serde_json::Value, String> {
        storm(&self.storm, server, arguments)
    }

    fn put(&self, server: &Server) -> Result<Figures, String> {
        let n = 200_000 / self.part;
        let line = self.storm(server, &format!("--op put -n {n} --keys {n} --verify"))?;
        Ok(vec![
            ("put 256 B, 8 x 32: a second", number(&line, &["per_second"])),
            ("put: server CPU, us", number(&line, &["server_cpu_us"])),
            ("put: p99, us", number(&line, &["p99_us"])),
        ])
    }

    fn get(&self, server: &Server) -> Result<Figures, String> {
        let n = 100_000 / self.part;
        self.storm(server, &format!("--op put -n {n} --keys {n}"))?;
        let line = self.storm(server, &format!("--op get -n {} --keys {n}", 3 * n))?;
        let serializable = self.storm(server, &format!("--op sget -n {} --keys {n}", 3 * n))?;
        let txn = self.storm(server, &format!("--op txn -n {n} --keys {n}"))?;
        Ok(vec![
            ("linearizable get, 8 x 32: a second", number(&line, &["per_second"])),
            ("get: server CPU, us", number(&line, &["server_cpu_us"])),
            ("serializable get: a second", number(&serializable, &["per_second"])),
            ("txn (compare, put): a second", number(&txn, &["per_second"])),
            ("txn: server CPU, us", number(&txn, &["server_cpu_us"])),
        ])
    }

    fn list(&self, server: &Server) -> Result<Figures, String> {
        self.storm(server, "--op put -n 100000 --keys 100000")?;
        let n = 20_000 / self.part;
        let line = self.storm(server, &format!("--op list --keys 100000 -n {n} --seconds 10"))?;
        Ok(vec![
            ("list 500 of 100,000: a second", number(&line, &["per_second"])),
            ("list: server CPU, us", number(&line, &["server_cpu_us"])),
        ])
    }

    fn one(&self, server: &Server) -> Result<Figures, String> {
        let n = 5_000 / self.part;
        let put = self.storm(server, &format!("--op put --conns 1 --streams 1 -n {n} --keys {n}"))?;
        let get = self.storm(server, &format!("--op get --conns 1 --streams 1 -n {n} --keys {n}"))?;
        Ok(vec![
            ("put, one at a time: p50, us", number(&put, &["p50_us"])),
            ("get, one at a time: p50, us", number(&get, &["p50_us"])),
        ])
    }

    fn iops(&self, server: &Server) -> Result<Figures, String> {
        let group = Throttle::over(server)?;
        group.slow_down(WRITE_IOPS)?;
        let seconds = 20.max(60 / self.part).min(30);
        let arguments = format!("--op put --value 4096 --conns 8 --streams 25 -n 1000000 --keys 1000000 --seconds {seconds}");
        let line = self.storm(server, &arguments)?;
        Ok(vec![
            ("put 4 KiB, 200 in flight, 150 writes a second: a second", number(&line, &["per_second"])),
            ("the same: p99, us", number(&line, &["p99_us"])),
        ])
    }

    fn watch(&self, server: &Server) -> Result<Figures, String> {
        let n = 2_000 / self.part;
        let line = self.storm(server, &format!("--op watch --watchers 1000 --conns 10 --streams 16 -n {n} --keys {n}"))?;
        Ok(vec![
            ("1,000 watchers of everything: deliveries a second", number(&line, &["deliveries_per_second"])),
            ("the same: deliveries lost", number(&line, &["wanted"]) - number(&line, &["delivered"])),
            ("the same: watchers short or disordered", number(&line, &["watchers_short"]) + number(&line, &["disordered"])),
            ("the same: server CPU a delivery, us", number(&line, &["server_cpu_us_per_delivery"])),
        ])
    }

    async fn million(&self, mut server: Server) -> Result<Figures, String> {
        let n = 1_000_000 / self.part;
        let line = self.storm(&server, &format!("--op put -n {n} --keys {n} --seconds 600"))?;
        tokio::time::sleep(Duration::from_secs(5)).await;
        let resident = server.resident_bytes() as f64 / f64::from(1 << 20);
        let ready = server.restart().await.as_secs_f64();
        let after = server.resident_bytes() as f64 / f64::from(1 << 20);
        let check = self.storm(&server, &format!("--op get -n {} --keys {n}", n / 10))?;
        Ok(vec![
            ("1 M keys of 256 B: puts a second", number(&line, &["per_second"])),
            ("the same: resident MiB", resident),
            ("the same: kill to ready, s", ready),
            ("the same: resident MiB after the restart", after),
            ("the same: gets a second after it", number(&check, &["per_second"])),
        ])
    }

    fn lease(&self, server: &Server) -> Result<Figures, String> {
        let n = 100_000 / self.part;
        let line =
            self.storm(server, &format!("--op lease -n {n} --keys 100000 --ttl {}", if self.part > 1 { 25 } else { 60 }))?;
        Ok(vec![
            ("100,000 leases end at once: first key gone after, s", number(&line, &["first_gone_after_seconds"])),
            ("the same: all gone after, s", number(&line, &["all_gone_after_seconds"])),
            ("other puts' p99 before, us", number(&line, &["quiet", "p99_us"])),
            ("other puts' p99 meanwhile, us", number(&line, &["meanwhile", "p99_us"])),
        ])
    }

    /// Minutes of overwriting with compactions, then bursts that show what the acknowledgement alone writes.
    async fn disk(&self, server: &Server) -> Result<Figures, String> {
        let group = Throttle::over(server)?;
        let end = Instant::now() + Duration::from_secs_f64(self.minutes * 60.0);
        let mut wire = Wire::lazy(server.port);
        let (begin, mut acknowledged, mut round) = (group.written()?, 0.0, 0);
        while Instant::now() < end {
            let next = Instant::now() + ROUND;
            let arguments = format!(
                "--op put --value 4096 --conns 8 --streams 25 -n {ROUND_PUTS} --keys {ROUND_PUTS} --prefix disk{}/",
                round % 2
            );
            acknowledged += number(&self.storm(server, &arguments)?, &["ok"]);
            round += 1;
            let now = wire.list("nothing", 0).await.map_err(|e| e.to_string())?.header.unwrap_or_default().revision;
            wire.kv.compact(pb::CompactionRequest { revision: now - 1_000, physical: false }).await.map_err(|e| e.to_string())?;
            tokio::time::sleep(next.saturating_duration_since(Instant::now())).await;
        }
        // What settling still owes counts too.
        tokio::time::sleep(Duration::from_secs(10)).await;
        let all = (group.written()? - begin) / (acknowledged * 4096.0);
        let mut figures = vec![("disk bytes a byte acknowledged, 4 KiB values: all", all)];
        if let Some(path) = self.acknowledgement_path(server, &group)? {
            figures.push(("the same: acknowledgement path", path));
        }
        Ok(figures)
    }

    /// The median burst of those during which nothing was settled; etcd does not tell such moments apart.
    fn acknowledgement_path(&self, server: &Server, group: &Throttle) -> Result<Option<f64>, String> {
        let settles = || server.metric("manifold_shard_settles_total");
        let mut bursts = Vec::new();
        for burst in 0..16 {
            let (before, settled) = (group.written()?, settles());
            let arguments = format!(
                "--op put --value 4096 --conns 8 --streams 25 -n {BURST_PUTS} --keys {BURST_PUTS} --prefix burst{burst}/"
            );
            let ok = number(&self.storm(server, &arguments)?, &["ok"]);
            if settled.is_some() && settles() == settled {
                bursts.push((group.written()? - before) / (ok * 4096.0));
            }
        }
        bursts.sort_by(f64::total_cmp);
        Ok(bursts.get(bursts.len() / 2).copied())
    }
}

async fn idle(server: &Server) -> Result<Figures, String> {
    tokio::time::sleep(Duration::from_secs(5)).await;
    let before = server.cpu_seconds();
    tokio::time::sleep(Duration::from_secs(30)).await;
    let used = (server.cpu_seconds() - before) / 30.0 * 100.0;
    Ok(vec![("idle: resident MiB", server.resident_bytes() as f64 / f64::from(1 << 20)), ("idle: CPU, percent of a core", used)])
}
