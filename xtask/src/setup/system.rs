//! Which Linux this is, and whether the packages we need exist for it.

use std::fs;

use anyhow::{Result, bail};

/// The distribution, as `/etc/os-release` names it.
#[derive(Debug, PartialEq, Eq)]
pub struct System {
    /// For people: "Debian GNU/Linux 12 (bookworm)".
    pub name: String,
    /// For programs: "debian", "ubuntu".
    pub id: String,
}

impl System {
    /// Reads this machine's, and stops on one that has no LLVM 19.
    pub fn read() -> Result<Self> {
        let text = fs::read_to_string("/etc/os-release").unwrap_or_default();
        let system = Self::parse(&text)?;
        if std::env::consts::ARCH != "x86_64" {
            bail!("the compiler runs on x86-64 machines so far, and this one is {}", std::env::consts::ARCH);
        }
        Ok(system)
    }

    fn parse(text: &str) -> Result<Self> {
        let field = |key: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
            line.unwrap_or_default().trim_matches('"').to_owned()
        };
        let (id, version) = (field("ID"), field("VERSION_ID"));
        let name = match field("PRETTY_NAME") {
            empty if empty.is_empty() => "an unnamed Linux".to_owned(),
            name => name,
        };
        let major = version.split('.').next().and_then(|digits| digits.parse::<u32>().ok());
        let oldest = match id.as_str() {
            "debian" => 12,
            "ubuntu" => 24,
            _ if field("ID_LIKE").split(' ').any(|like| like == "debian") => 0,
            _ => bail!(
                "{name} is not Debian or Ubuntu; install LLVM 19 (with lld), qemu-user and an AArch64 gcc by hand"
            ),
        };
        // Testing and unstable carry no version: they are newer than any.
        if major.is_some_and(|major| major < oldest) {
            bail!("{name} has no llvm-19 package. Supported: Debian 12 and 13, Ubuntu 24.04 and newer");
        }
        Ok(Self { name, id })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn supported_systems_pass() {
        let debian =
            System::parse("PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nVERSION_ID=\"12\"\nID=debian\n").unwrap();
        assert_eq!(debian.id, "debian");
        assert_eq!(debian.name, "Debian GNU/Linux 12 (bookworm)");
        assert!(System::parse("ID=ubuntu\nVERSION_ID=\"24.04\"").is_ok());
        assert!(System::parse("ID=debian\nPRETTY_NAME=sid").is_ok());
        assert!(System::parse("ID=linuxmint\nID_LIKE=\"ubuntu debian\"\nVERSION_ID=22").is_ok());
    }

    #[test]
    fn old_and_foreign_systems_are_told_so() {
        let old = System::parse("PRETTY_NAME=\"Ubuntu 22.04.5 LTS\"\nID=ubuntu\nVERSION_ID=\"22.04\"").unwrap_err();
        assert!(old.to_string().starts_with("Ubuntu 22.04.5 LTS has no llvm-19 package"));
        assert!(System::parse("ID=fedora\nVERSION_ID=42").is_err());
        assert!(System::parse("").is_err());
    }
}
