//! The venues where the simulator's securities are traded.

/// A venue where a security is traded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Venue {
    /// Nasdaq.
    Nasdaq,
    /// The New York Stock Exchange.
    Nyse,
    /// NYSE American; the SEC calls it NYSE.
    NyseAmerican,
    /// NYSE Arca; the SEC calls it NYSE.
    NyseArca,
    /// Cboe BZX, once BATS.
    Cboe,
    /// Over the counter.
    Otc,
    /// The SEC's list has no exchange: null.
    Unknown,
}

impl Venue {
    /// The SEC's label, which distinguishes neither NYSE American nor NYSE Arca.
    pub fn sec_label(self) -> Option<&'static str> {
        match self {
            Self::Nasdaq => Some("Nasdaq"),
            Self::Nyse | Self::NyseAmerican | Self::NyseArca => Some("NYSE"),
            Self::Cboe => Some("CBOE"),
            Self::Otc => Some("OTC"),
            Self::Unknown => None,
        }
    }

    /// The code in otherlisted.txt, if the exchange is in that file.
    pub fn other_listed_code(self) -> Option<char> {
        match self {
            Self::Nyse => Some('N'),
            Self::NyseAmerican => Some('A'),
            Self::NyseArca => Some('P'),
            Self::Cboe => Some('Z'),
            Self::Nasdaq | Self::Otc | Self::Unknown => None,
        }
    }
}
