//! Which addresses a load may go to: this machine's own, unless it is said otherwise.

use std::net::{SocketAddr, ToSocketAddrs};

use crate::error::{Error, Result};

/// What is allowed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Addresses {
    /// Whether others than loopback addresses are.
    pub(crate) allow_remote: bool,
}

impl Addresses {
    /// Gives the address back if it may be used. One that was told by a broker is asked about, too.
    pub(crate) fn check<'a>(&self, address: &'a str) -> Result<&'a str> {
        let resolved: Vec<SocketAddr> = address
            .to_socket_addrs()
            .map_err(|error| Error::usage(format!("{address} is no address of the form HOST:PORT: {error}")))?
            .collect();
        match resolved.iter().find(|resolved| !resolved.ip().is_loopback()) {
            Some(remote) if !self.allow_remote => Err(Error::usage(format!(
                "{address} is not on this machine ({}): a load may disturb others; --allow-remote sends it all the same",
                remote.ip()
            ))),
            _ => Ok(address),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Kind;

    #[test]
    fn only_this_machine_s_addresses_are_taken_unless_others_are_allowed() {
        let (local, all) = (Addresses { allow_remote: false }, Addresses { allow_remote: true });
        for address in ["127.0.0.1:9092", "127.3.2.1:1", "[::1]:9092"] {
            assert_eq!(local.check(address), Ok(address));
        }
        for address in ["192.0.2.1:9092", "0.0.0.0:9092", "[2001:db8::1]:1"] {
            let refused = local.check(address).expect_err(address);
            assert!(refused.kind == Kind::Usage && refused.message.contains("--allow-remote"), "{refused}");
            assert_eq!(all.check(address), Ok(address));
        }
        for address in ["", "127.0.0.1", "127.0.0.1:", "127.0.0.1:70000", ":::"] {
            assert_eq!(all.check(address).expect_err(address).kind, Kind::Usage);
        }
    }
}
