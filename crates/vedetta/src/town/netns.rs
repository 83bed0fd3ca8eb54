//! Nodes in network namespaces of their own, so that a link can be cut as cables are: nothing passes,
//! and nobody is told (Linux, as root, with iproute2).

use std::net::Ipv4Addr;
use std::process::Command;

use crate::outcome::Failure;

/// Namespaces that hang on one switch; gone when dropped.
pub(crate) struct Switch {
    name: String,
    count: u8,
}

impl Switch {
    /// Makes a switch with so many namespaces.
    ///
    /// # Errors
    /// Why this machine or this user has none: not root, no iproute2, no namespaces.
    pub(crate) fn make(count: u8) -> Result<Self, Failure> {
        let switch = Self { name: format!("vedetta{}", std::process::id()), count };
        ip(&["netns", "add", &switch.name])?;
        ip(&["-n", &switch.name, "link", "add", "sw", "type", "bridge"])?;
        ip(&["-n", &switch.name, "link", "set", "sw", "up"])?;
        for number in 0..count {
            let (space, port) = (switch.space(number), format!("p{number}"));
            ip(&["netns", "add", &space])?;
            ip(&["-n", &space, "link", "set", "lo", "up"])?;
            let wire = ["link", "add", &port, "type", "veth", "peer", "name", "wire", "netns"];
            ip(&[&["-n", &switch.name][..], &wire, &[&space]].concat())?;
            ip(&["-n", &switch.name, "link", "set", &port, "master", "sw", "up"])?;
            let address = format!("{}/24", switch.address(number));
            ip(&["-n", &space, "address", "add", &address, "dev", "wire"])?;
            ip(&["-n", &space, "link", "set", "wire", "up"])?;
        }
        Ok(switch)
    }

    /// The namespace of a number.
    pub(crate) fn space(&self, number: u8) -> String {
        format!("{}-{number}", self.name)
    }

    /// The address in it (RFC 2544: for measurements).
    pub(crate) fn address(&self, number: u8) -> Ipv4Addr {
        Ipv4Addr::new(198, 18, 0, number + 1)
    }

    /// Cuts the way between two: what one sends is lost without a word.
    pub(crate) fn cut(&self, one: u8, other: u8) -> Result<(), Failure> {
        for (from, to) in [(one, other), (other, one)] {
            let to = format!("{}/32", self.address(to));
            ip(&["-n", &self.space(from), "route", "add", "blackhole", &to])?;
        }
        Ok(())
    }

    /// Mends it.
    pub(crate) fn mend(&self, one: u8, other: u8) -> Result<(), Failure> {
        for (from, to) in [(one, other), (other, one)] {
            let to = format!("{}/32", self.address(to));
            ip(&["-n", &self.space(from), "route", "del", "blackhole", &to])?;
        }
        Ok(())
    }
}

impl Drop for Switch {
    fn drop(&mut self) {
        // What was never made cannot be deleted, and need not be.
        for number in 0..self.count {
            let _gone = ip(&["netns", "del", &self.space(number)]);
        }
        let _gone = ip(&["netns", "del", &self.name]);
    }
}

fn ip(words: &[&str]) -> Result<(), Failure> {
    let name = format!("ip {}", words.join(" "));
    let output =
        Command::new("ip").args(words).output().map_err(|error| Failure::system(&name, error))?;
    if output.status.success() {
        return Ok(());
    }
    Err(Failure::system(name, String::from_utf8_lossy(&output.stderr).trim().to_owned()))
}
