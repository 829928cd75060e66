//! The schemas of the tables. Names, types and order of the columns are public.

use std::fmt::Write as _;

/// The type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    /// INT64.
    Integer,
    /// BOOLEAN.
    Boolean,
    /// UTF-8.
    Text,
    /// DATE.
    Date,
    /// TIMESTAMP in microseconds, UTC.
    Time,
    /// DOUBLE.
    Double,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TableColumn {
    pub name: &'static str,
    pub type_: Type,
    /// Whether every row must have a value.
    pub required: bool,
    /// Whether values repeat often enough for a dictionary.
    pub(super) dictionary: bool,
    /// Whether the column has a bloom filter. It lets readers skip row groups that lack a value. Useful
    /// for values that are looked up and are not in the order of the rows.
    pub(super) bloom: bool,
    /// The level of zstd.
    pub(super) zstd_level: i32,
}

const fn column(name: &'static str, type_: Type) -> TableColumn {
    TableColumn {
        name,
        type_,
        required: false,
        dictionary: true,
        bloom: false,
        zstd_level: 1,
    }
}

const fn integer(name: &'static str) -> TableColumn {
    column(name, Type::Integer)
}

const fn boolean(name: &'static str) -> TableColumn {
    column(name, Type::Boolean)
}

const fn text(name: &'static str) -> TableColumn {
    column(name, Type::Text)
}

const fn date(name: &'static str) -> TableColumn {
    column(name, Type::Date)
}

const fn double(name: &'static str) -> TableColumn {
    column(name, Type::Double)
}

const fn time(name: &'static str) -> TableColumn {
    column(name, Type::Time)
}

impl TableColumn {
    const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// Most values are different.
    const fn distinct(mut self) -> Self {
        self.dictionary = false;
        self
    }

    const fn bloom(mut self) -> Self {
        self.bloom = true;
        self
    }

    /// The values are long texts.
    const fn long(mut self) -> Self {
        self.zstd_level = 3;
        self
    }
}

/// How the rows of a table are divided into files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Partition {
    /// One file beside the manifest.
    None,
    /// A folder for each year of the filing date.
    Year,
    /// A folder for each month of the filing date, within one for its year.
    Month,
    /// Numbered files in a folder, each with a number of companies.
    Companies,
}

#[derive(Debug, PartialEq, Eq)]
pub struct Table {
    /// The name of the table, of its folder and of its files.
    pub name: &'static str,
    pub partition: Partition,
    pub columns: &'static [TableColumn],
}

impl Table {
    /// The schema as a Parquet message type.
    #[must_use]
    pub fn message_type(&self) -> String {
        let mut text = format!("message {} {{ ", self.name);
        for column in self.columns {
            let repetition = if column.required {
                "REQUIRED"
            } else {
                "OPTIONAL"
            };
            let (physical, logical) = match column.type_ {
                Type::Integer => ("INT64", ""),
                Type::Boolean => ("BOOLEAN", ""),
                Type::Text => ("BYTE_ARRAY", " (STRING)"),
                Type::Date => ("INT32", " (DATE)"),
                Type::Time => ("INT64", " (TIMESTAMP(MICROS,true))"),
                Type::Double => ("DOUBLE", ""),
            };
            let name = column.name;
            write!(text, "{repetition} {physical} {name}{logical}; ").expect("a String takes all");
        }
        text + "}"
    }
}

/// Companies on record.
pub static COMPANIES: Table = Table {
    name: "companies",
    partition: Partition::None,
    columns: &[
        integer("cik").required(),
        text("name").required(),
        text("ticker"),
        text("exchange"),
        boolean("active").required(),
        integer("filings").required(),
        time("last_checked_at"),
        text("sic"),
        text("industry"),
        text("state"),
        text("fiscal_year_end"),
        text("entity_type"),
        text("ein"),
        boolean("etf").required(),
    ],
};

/// Current and former tickers of the companies.
pub static LISTINGS: Table = Table {
    name: "listings",
    partition: Partition::None,
    columns: &[
        integer("cik").required(),
        text("ticker").required(),
        text("exchange"),
        boolean("active").required(),
        date("first_seen").required(),
        date("last_seen"),
        boolean("etf").required(),
    ],
};

/// Filings, one row each, with the CIK of the folder.
pub static FILINGS: Table = Table {
    name: "filings",
    partition: Partition::Year,
    columns: &[
        text("accession").required().distinct().bloom(),
        integer("cik").required(),
        text("form").required(),
        date("filed_on").required(),
        date("report_date"),
        time("accepted_at").distinct(),
        text("primary_document").required().distinct(),
        text("items").required(),
        integer("size").distinct(),
        boolean("is_xbrl").required(),
        time("discovered_at").required(),
    ],
};

/// The companies of each filing. A joint filing has several.
pub static FILERS: Table = Table {
    name: "filers",
    partition: Partition::Year,
    columns: &[
        integer("cik").required(),
        text("accession").required().distinct().bloom(),
        date("filed_on").required(),
    ],
};

/// Files of filings, stored or queued.
pub static ARTIFACTS: Table = Table {
    name: "artifacts",
    partition: Partition::Year,
    columns: &[
        integer("id").distinct(),
        text("accession").required().distinct().bloom(),
        integer("cik").required(),
        text("form").required(),
        date("filed_on").required(),
        text("kind").required(),
        text("name").distinct(),
        text("url").required().distinct(),
        text("status").required(),
        text("path").distinct(),
        integer("bytes").distinct(),
        text("sha256").distinct(),
        integer("attempts").required(),
        text("last_error"),
        time("downloaded_at").distinct(),
        text("type"),
        integer("sequence"),
        text("description"),
    ],
};

/// XBRL facts, one row for each filing that reports the fact.
pub static FACTS: Table = Table {
    name: "facts",
    partition: Partition::Companies,
    columns: &[
        integer("cik").required(),
        text("taxonomy").required(),
        text("tag").required(),
        text("unit").required(),
        date("start"),
        date("end"),
        // A value is repeated in two or three filings, one row after the other, which compression finds.
        double("value").distinct(),
        text("value_text").distinct(),
        text("accession").bloom(),
        integer("fy"),
        text("fp"),
        text("form"),
        date("filed"),
        text("frame"),
    ],
};

/// Labels and descriptions of the tags of facts.
pub static FACTS_TAGS: Table = Table {
    name: "facts_tags",
    partition: Partition::None,
    columns: &[
        text("taxonomy").required(),
        text("tag").required(),
        text("label"),
        text("description"),
    ],
};

/// The text of each stored document that has one.
pub static TEXT: Table = Table {
    name: "text",
    partition: Partition::Month,
    columns: &[
        text("accession").required().distinct().bloom(),
        integer("cik").required(),
        text("form").required(),
        date("filed_on").required(),
        text("name").required().distinct(),
        text("type"),
        integer("sequence"),
        text("text").required().distinct().long(),
        text("format").required(),
        integer("characters").required().distinct(),
        text("sha256").required().distinct(),
        integer("extractor_version").required(),
        text("items_problem"),
    ],
};

/// The positions of the items of reports in their texts.
pub static ITEMS: Table = Table {
    name: "items",
    partition: Partition::Month,
    columns: &[
        text("accession").required().bloom(),
        text("name").required(),
        text("item").required(),
        text("title").required(),
        integer("from").required().distinct(),
        integer("to").required().distinct(),
        text("method").required(),
        double("confidence").required(),
    ],
};

/// All tables. `facts` and `facts_tags` are exported together, and so are `text` and `items`.
pub static ALL: [&Table; 9] = [
    &COMPANIES,
    &LISTINGS,
    &FILINGS,
    &FILERS,
    &ARTIFACTS,
    &FACTS,
    &FACTS_TAGS,
    &TEXT,
    &ITEMS,
];

/// The tables of a dataset when `--what` is not given.
pub static DEFAULT: [&Table; 5] = [&COMPANIES, &LISTINGS, &FILINGS, &FILERS, &ARTIFACTS];
