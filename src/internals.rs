//! Re-exports for the tests and benches of this repository. Other programs should use the command line and
//! the views of the database instead.

pub use crate::cancel::Cancel;
pub use crate::cli::companies_file::names as names_in_companies_file;
pub use crate::counts::Counts;
pub use crate::edgar::beginning::{BEGINNING, misfit};
pub use crate::edgar::names::checked_name;
pub use crate::edgar::submission::{
    BROKEN_AT, DocumentForm, DocumentHead, DocumentKind, DocumentProblem, DocumentSink, DotScan,
    Dots, Header, join_lines,
};
pub use crate::edgar::submission::{SplitError, SplitSummary, Splitter};
pub use crate::edgar::submissions::{self, PageName, Rows, SubmissionsRow};
pub use crate::edgar::{Accession, Cik, DateRange, Filing, FormFilter, History, QueueItem, Urls};
pub use crate::edgar::{ArtifactChoice, company_list, index, submission_name};
pub use crate::exchange::Exchange;
pub use crate::files::{DataDir, FilePath, folder_of, free_space};
pub use crate::listings::{
    SymbolDirectory, SymbolFile, parse_nasdaq_listed, parse_other_listed, sec_ticker,
};
pub use crate::net::{
    Client, ClientSettings, Expect, FetchError, Portion, Reply, RequestKind, Timeouts, UserAgent,
    Validators,
};
pub use crate::sources::bulk::{Archive, BadMember};
pub use crate::store::{CompanyRow, RunEnd, RunLock, RunProgress, RunStatus, Writer};
pub use crate::text::items::{ItemMethod, Items, ReportItem, items};
pub use crate::text::{
    DocumentText, TextFormat, TextKind, VERSION as TEXT_VERSION, extract as extract_text,
};
pub use crate::threads::{join as join_thread, spawn};
pub use crate::universe::join as join_lists;
