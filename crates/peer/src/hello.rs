//! The handshake's messages and how they are judged, without I/O. The layout is drawn in `docs/formats/peer.md` and stays as
//! it is in every version, since it is what agrees on the version.

use std::ops::RangeInclusive;

use base::{ClusterId, NodeId};
use bytes::{Buf, BufMut};

use crate::{
    Channel, Roster, Standing, limits,
    refusal::{Refusal, Refused},
};

pub(crate) const MAGIC: [u8; 8] = *b"MANIPEER";

/// Bytes before a handshake message's body.
pub(crate) const HEAD_BYTES: usize = 12;

/// Bytes of the checksum behind the body.
pub(crate) const CHECK_BYTES: usize = 4;

/// Bytes of a hello before the name.
const HELLO_BYTES: usize = 36;

/// One message of a handshake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Message {
    /// The dialling side says who it is.
    Hello(Hello),
    /// The accepting side says who it is, and which version is spoken.
    Welcome(Hello),
    /// The dialling side is content; frames follow.
    Ready,
    /// Either side turns the other away.
    Refuse(Refusal, String),
}

/// Who speaks, to whom, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hello {
    /// Lowest and highest protocol version spoken.
    pub(crate) versions: (u16, u16),
    /// The version of this connection; 0 in a hello.
    pub(crate) chosen: u16,
    pub(crate) channel: Channel,
    pub(crate) cluster: ClusterId,
    pub(crate) node: NodeId,
    /// Whom the sender believes to talk to.
    pub(crate) to: NodeId,
    /// Bytes that a stream's sender may have on the way to the sender of this.
    pub(crate) credit: u32,
    pub(crate) name: String,
}

/// What a node knows of itself when it judges another.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    pub(crate) cluster: ClusterId,
    pub(crate) node: NodeId,
    pub(crate) name: String,
    pub(crate) versions: RangeInclusive<u16>,
    pub(crate) credit: u32,
}

impl Message {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut body = Vec::new();
        let code = match self {
            Self::Hello(hello) => hello.encode(&mut body, 1),
            Self::Welcome(hello) => hello.encode(&mut body, 2),
            Self::Ready => 3,
            Self::Refuse(reason, text) => {
                body.put_u8(*reason as u8);
                body.put_slice(clip(text).as_bytes());
                4
            }
        };
        let mut out = Vec::with_capacity(HEAD_BYTES + body.len() + CHECK_BYTES);
        out.put_slice(&MAGIC);
        out.put_u8(code);
        out.put_u8(0);
        // Names and texts are clipped, so the body is far below its limit.
        out.put_u16_le(body.len() as u16);
        out.put_slice(&body);
        out.put_u32_le(crc32c::crc32c(&out));
        out
    }

    /// How many bytes follow a message's head, checked before memory is taken.
    pub(crate) fn rest(head: &[u8; HEAD_BYTES]) -> Result<usize, Refused> {
        if head[..8] != MAGIC {
            return Err(malformed("this is a port for Manifold's nodes, and what came is not their handshake"));
        }
        let length = usize::from(u16::from_le_bytes([head[10], head[11]]));
        if length > limits::HANDSHAKE_BYTES_MAX {
            return Err(malformed("a handshake's message is too long"));
        }
        Ok(length + CHECK_BYTES)
    }

    /// A whole message.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, Refused> {
        let head = bytes.first_chunk::<HEAD_BYTES>().ok_or_else(|| malformed("a handshake's message is cut"))?;
        if bytes.len() != HEAD_BYTES + Self::rest(head)? {
            return Err(malformed("a handshake's message is cut"));
        }
        let (content, check) = bytes.split_at(bytes.len() - CHECK_BYTES);
        if crc32c::crc32c(content).to_le_bytes() != check {
            return Err(malformed("the checksum of a handshake's message is wrong"));
        }
        let body = &content[HEAD_BYTES..];
        match (head[8], body) {
            (1, body) => Hello::decode(body).map(Self::Hello),
            (2, body) => Hello::decode(body).map(Self::Welcome),
            (3, _) => Ok(Self::Ready),
            (4, [code, text @ ..]) => {
                // A reason that a later version added is shown by its text.
                let reason = Refusal::from_code(*code).unwrap_or(Refusal::Malformed);
                Ok(Self::Refuse(reason, clip(&String::from_utf8_lossy(text)).escape_debug().to_string()))
            }
            _ => Err(malformed("a handshake's message is of unknown kind")),
        }
    }
}

impl Hello {
    fn encode(&self, out: &mut Vec<u8>, code: u8) -> u8 {
        let name = clip(&self.name).as_bytes();
        out.put_u16_le(self.versions.0);
        out.put_u16_le(self.versions.1);
        out.put_u16_le(self.chosen);
        out.put_u8(self.channel.code());
        // Clipped to what a byte counts.
        out.put_u8(name.len() as u8);
        out.put_u64_le(self.cluster);
        out.put_u64_le(self.node);
        out.put_u64_le(self.to);
        out.put_u32_le(self.credit);
        out.put_slice(name);
        code
    }

    /// Bytes behind the name are a later version's and ignored.
    fn decode(mut body: &[u8]) -> Result<Self, Refused> {
        if body.len() < HELLO_BYTES {
            return Err(malformed("a hello is cut"));
        }
        let versions = (body.get_u16_le(), body.get_u16_le());
        let chosen = body.get_u16_le();
        let channel = Channel::from_code(body.get_u8()).ok_or_else(|| malformed("a hello names an unknown channel"))?;
        let name_bytes = usize::from(body.get_u8());
        let (cluster, node, to) = (body.get_u64_le(), body.get_u64_le(), body.get_u64_le());
        let credit = body.get_u32_le();
        if (credit as usize) < limits::STREAM_CREDIT_BYTES_MIN {
            return Err(malformed("a hello grants too little credit"));
        }
        let name = body.get(..name_bytes).ok_or_else(|| malformed("a hello's name is cut"))?;
        let name = String::from_utf8_lossy(name).escape_debug().to_string();
        Ok(Self { versions, chosen, channel, cluster, node, to, credit, name })
    }
}

impl Identity {
    /// What this node says of itself to `to`.
    pub(crate) fn hello(&self, to: NodeId, channel: Channel, chosen: u16) -> Hello {
        Hello {
            versions: (*self.versions.start(), *self.versions.end()),
            chosen,
            channel,
            cluster: self.cluster,
            node: self.node,
            to,
            credit: self.credit,
            name: self.name.clone(),
        }
    }

    /// The accepting side's judgement: the version to speak.
    pub(crate) fn judge_hello(&self, hello: &Hello, roster: &dyn Roster) -> Result<u16, Refused> {
        self.judge_cluster(hello)?;
        if hello.to != self.node {
            let text =
                format!("node {:x} was dialled and this is node {:x}; correct the address of the former", hello.to, self.node);
            return Err(Refused::here(Refusal::WrongNode, text));
        }
        if hello.node == self.node {
            return Err(Refused::here(Refusal::WrongNode, format!("node {:x} dialled itself", self.node)));
        }
        judge_standing(hello, roster)?;
        self.choose(hello)
    }

    /// The dialling side's judgement of the answer: the version to speak.
    pub(crate) fn judge_welcome(
        &self,
        welcome: &Hello,
        to: NodeId,
        channel: Channel,
        roster: &dyn Roster,
    ) -> Result<u16, Refused> {
        self.judge_cluster(welcome)?;
        if welcome.node != to || welcome.to != self.node {
            let text = format!("node {to:x} was dialled and node {:x} answered; correct the address", welcome.node);
            return Err(Refused::here(Refusal::WrongNode, text));
        }
        judge_standing(welcome, roster)?;
        if welcome.channel != channel || welcome.chosen == 0 || !self.versions.contains(&welcome.chosen) {
            return Err(Refused::here(Refusal::Version, format!("version {} was chosen, which is not offered", welcome.chosen)));
        }
        Ok(welcome.chosen)
    }

    fn judge_cluster(&self, hello: &Hello) -> Result<(), Refused> {
        if hello.cluster == self.cluster {
            return Ok(());
        }
        let text = format!("the peer belongs to cluster {:x} and this node to cluster {:x}", hello.cluster, self.cluster);
        Err(Refused::here(Refusal::WrongCluster, text))
    }

    /// The highest version that both speak.
    fn choose(&self, hello: &Hello) -> Result<u16, Refused> {
        let (low, high) = hello.versions;
        let chosen = high.min(*self.versions.end());
        if chosen >= low.max(*self.versions.start()) && chosen > 0 {
            return Ok(chosen);
        }
        let (own_low, own_high) = (self.versions.start(), self.versions.end());
        let text =
            format!("the peer speaks versions {low} to {high} and this node {own_low} to {own_high}; upgrade the older one");
        Err(Refused::here(Refusal::Version, text))
    }
}

fn judge_standing(hello: &Hello, roster: &dyn Roster) -> Result<(), Refused> {
    match roster.check(hello.node) {
        Standing::Member => Ok(()),
        Standing::Unknown if roster.admits_unknown(hello.node) => Ok(()),
        Standing::Unknown => {
            let text = format!("node {:x} is not a member; add it to the cluster first", hello.node);
            Err(Refused::here(Refusal::Unknown, text))
        }
        Standing::Removed => {
            let text =
                format!("node {:x} was removed from the cluster; it can come back with an empty directory only", hello.node);
            Err(Refused::here(Refusal::Removed, text))
        }
    }
}

pub(crate) fn malformed(text: &str) -> Refused {
    Refused::here(Refusal::Malformed, text)
}

/// The beginning of `text` that fits.
fn clip(text: &str) -> &str {
    &text[..text.floor_char_boundary(limits::HANDSHAKE_TEXT_BYTES_MAX)]
}

#[cfg(test)]
mod tests;
