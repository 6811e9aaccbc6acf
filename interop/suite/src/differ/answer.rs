//! What a server answered, without what two servers may rightly differ in.
//!
//! Left out: cluster id, member id and Raft term of a header. Compared with a tolerance of two seconds: the seconds
//! left of a lease. Sorted first, since etcd takes them from a map: the list of leases, and the keys of a lease.

use crate::wire::pb;
use tonic::{Code, Status};

/// One answer, ready to compare.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs, reason = "each variant is the answer of the call that it is named after")]
pub enum Answer {
    Range(pb::RangeResponse),
    Put(pb::PutResponse),
    Delete(pb::DeleteRangeResponse),
    Txn(pb::TxnResponse),
    Compact(pb::CompactionResponse),
    Grant(pb::LeaseGrantResponse),
    Revoke(pb::LeaseRevokeResponse),
    KeepAlive(pb::LeaseKeepAliveResponse),
    TimeToLive(Left),
    Leases(pb::LeaseLeasesResponse),
    Watch(pb::WatchResponse),
    Done,
    /// An error status.
    Refused(Code, String),
    /// No answer in time, or one that breaks a rule by itself.
    Broken(String),
}

/// A lease's answer whose seconds left are compared loosely.
#[derive(Debug, Clone)]
pub struct Left(pub pb::LeaseTimeToLiveResponse);

impl PartialEq for Left {
    fn eq(&self, other: &Self) -> bool {
        let near = (self.0.ttl - other.0.ttl).abs() <= 2;
        near && self.0.header == other.0.header
            && (self.0.id, self.0.granted_ttl) == (other.0.id, other.0.granted_ttl)
            && self.0.keys == other.0.keys
    }
}

impl Answer {
    /// Whether this is an error.
    pub fn refused(&self) -> bool {
        matches!(self, Self::Refused(..))
    }

    /// The store's revision, where the answer says it.
    pub fn revision(&self) -> Option<i64> {
        let header = match self {
            Self::Range(r) => &r.header,
            Self::Put(r) => &r.header,
            Self::Delete(r) => &r.header,
            Self::Txn(r) => &r.header,
            Self::Compact(r) => &r.header,
            Self::Revoke(r) => &r.header,
            _ => return None,
        };
        header.as_ref().map(|h| h.revision)
    }

    /// An error status as an answer.
    ///
    /// A connection that broke is no answer.
    pub fn from_status(status: &Status) -> Self {
        if ["transport error", "tcp connect error"].contains(&status.message()) {
            return Self::Broken(format!("{status:?}"));
        }
        Self::Refused(status.code(), status.message().to_owned())
    }
}

/// Takes out of a header what is a server's own.
pub fn plain(header: &mut Option<pb::ResponseHeader>) {
    if let Some(header) = header {
        header.cluster_id = 0;
        header.member_id = 0;
        header.raft_term = 0;
    }
}

/// The same for a transaction's inner answers (which carry a header with the revision alone).
pub fn plain_txn(answer: &mut pb::TxnResponse) {
    use pb::response_op::Response;
    plain(&mut answer.header);
    for op in &mut answer.responses {
        match &mut op.response {
            Some(Response::ResponseRange(r)) => plain(&mut r.header),
            Some(Response::ResponsePut(r)) => plain(&mut r.header),
            Some(Response::ResponseDeleteRange(r)) => plain(&mut r.header),
            Some(Response::ResponseTxn(r)) => plain_txn(r),
            None => {}
        }
    }
}
