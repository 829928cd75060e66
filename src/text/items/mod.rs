//! Finds the items of 10-K, 10-Q and 8-K in the text of a document.
//!
//! A heading is a line that begins with "Item" and an item number of the form. The title that the form
//! has for the item follows on the same line or the next ones. If headings contradict each other or the
//! table of contents, the items concerned are left out rather than guessed, and the problem is reported.

mod headings;
mod titles;

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use headings::{
    Heading, ends_sentence, executive_officers, headings, is_line_of_contents, signatures,
};
use titles::{BEFORE_OFFICERS, Edition, ItemKey, SUMMARY};

/// Goes up when the same text gives other items.
pub const VERSION: u32 = 2;

/// An item of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportItem {
    /// `1A`, `7`, `2.02`; for a 10-Q with the part: `I-2`, `II-1A`.
    pub item: String,
    /// The title in the document.
    pub title: String,
    /// The range in the text, including the heading, in bytes.
    pub bytes: Range<usize>,
    /// The same range in characters, as SQL and Python count.
    pub characters: Range<usize>,
    /// What confirms the heading.
    pub method: ItemMethod,
}

/// What confirms that a heading is right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ItemMethod {
    /// EDGAR lists the item for the filing.
    Listed,
    /// The table of contents lists the item.
    Contents,
    /// Only the order of the headings.
    Order,
}

impl ItemMethod {
    /// The name in tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Listed => "listed",
            Self::Contents => "contents",
            Self::Order => "order",
        }
    }

    /// How reliable the item is, from 0 to 1.
    #[must_use]
    pub fn confidence(self) -> f64 {
        match self {
            Self::Listed | Self::Contents => 1.0,
            Self::Order => 0.9,
        }
    }
}

/// The largest distance of two lines of a table of contents, in bytes. That of a 10-Q lists the statements
/// between the items.
const NEAR: usize = 1500;

/// The summary of a 10-K (item 16) is optional and rare. A longer text consists of the pages after it.
const LONGEST_SUMMARY: usize = 1500;

/// A table of contents has at least this many items.
const FEWEST: usize = 3;

/// The items of a document, and why some are left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Items {
    /// The items in the order of the text.
    pub items: Vec<ReportItem>,
    /// The reason in one line; `None` if no item was left out.
    pub problem: Option<String>,
}

/// Finds the items of a document in its text, plain or Markdown. `listed` are the items that EDGAR lists
/// for the filing, such as `2.02,9.01`, or empty. Forms other than 10-K, 10-Q and 8-K have no items.
#[must_use]
pub fn items(form: &str, text: &str, listed: &str) -> Items {
    let Some(edition) = Edition::of(form) else {
        return Items::default();
    };
    let (found, unsure): (Vec<_>, Vec<_>) = headings(text, edition)
        .into_iter()
        .partition(|heading| heading.is_sure);
    if found.is_empty() {
        return problem("no heading of an item");
    }
    // A line without the title of its item is a reference if the item has a heading elsewhere.
    let numbers: HashSet<_> = found.iter().map(|heading| heading.key.number()).collect();
    let unsure: Vec<_> = unsure
        .into_iter()
        .filter(|line| !numbers.contains(&line.key.number()))
        .collect();
    let end = signatures(text, found[found.len() - 1].at).unwrap_or(text.len());
    if edition == Edition::Current {
        current(text, (&found, &unsure), end, listed)
    } else {
        periodic(text, (&found, &unsure), end)
    }
}

fn problem(why: &str) -> Items {
    Items {
        items: Vec::new(),
        problem: Some(why.to_owned()),
    }
}

/// The items of an 8-K, each with one heading, in any order.
fn current(
    text: &str,
    (found, unsure): (&[Heading], &[Heading]),
    end: usize,
    listed: &str,
) -> Items {
    let found = without_contents(text, found);
    let listed: HashSet<&str> = listed
        .split(',')
        .map(str::trim)
        .filter(|item| !item.is_empty())
        .collect();
    let until = |index: usize| found.get(index + 1).map_or(end, |next| next.at);
    let mut doubts = OmittedItems::default();
    let times = times(found);
    let is_listed = |heading: &Heading| listed.contains(heading.key.name().as_str());
    // Such a heading may be a reference within the item before it.
    let is_doubtful =
        |heading: &Heading| times[&heading.key] > 1 || !listed.is_empty() && !is_listed(heading);
    let mut kept: Vec<(usize, ItemMethod)> = Vec::new();
    for (index, heading) in found.iter().enumerate() {
        let doubtful = unsure_within(unsure, heading.at, until(index));
        let name = heading.key.name();
        if times[&heading.key] > 1 {
            doubts.add(&name, "has several headings");
        } else if (listed.is_empty() || is_listed(heading))
            && found.get(index + 1).is_some_and(is_doubtful)
        {
            doubts.add(&name, "ends at a heading that may be a reference");
        } else if listed.is_empty()
            && let Some(line) = doubtful
        {
            doubts.add(&line.key.name(), "has a heading without its title");
        } else if listed.is_empty() {
            kept.push((index, ItemMethod::Order));
        } else if is_listed(heading) {
            kept.push((index, ItemMethod::Listed));
        } else {
            doubts.add(&name, "is not among the items that EDGAR lists");
        }
    }
    // The text of an item without a heading is within another item.
    let lacking = listed
        .iter()
        .filter(|item| found.iter().all(|heading| heading.key.name() != **item));
    let mut lacking: Vec<_> = lacking.collect();
    lacking.sort_unstable();
    if !lacking.is_empty() {
        for item in lacking {
            doubts.add(item, "has no heading");
        }
        kept.clear();
    }
    let spans = kept
        .into_iter()
        .map(|(index, method)| (&found[index], until(index), method));
    finish(text, spans, &doubts)
}

fn unsure_within(unsure: &[Heading], from: usize, until: usize) -> Option<&Heading> {
    let first = unsure.partition_point(|line| line.at < from);
    unsure.get(first).filter(|line| line.at < until)
}

/// The headings after the table of contents, if the document begins with one: lines near each other whose
/// items all appear exactly once more.
fn without_contents<'a>(text: &str, found: &'a [Heading]) -> &'a [Heading] {
    let near = |pair: &[Heading]| pair[1].at - pair[0].at < NEAR;
    let run = 1 + found.windows(2).take_while(|pair| near(pair)).count();
    let mut keys = HashSet::new();
    // The last line may be near the first heading of the text.
    let run = found[..run]
        .iter()
        .take_while(|heading| keys.insert(heading.key))
        .count();
    let (contents, body) = found.split_at(run);
    let times = times(body);
    let again = |heading: &Heading| times.get(&heading.key) == Some(&1);
    // The exhibits may follow the last line.
    if contents.iter().all(again) && are_lines_of_contents(text, found, 0..(run - 1).max(1)) {
        body
    } else {
        found
    }
}

/// Whether the first of two headings of an item ends like a sentence, and the other one has another title.
fn is_doubtful_repetition(text: &str, first: &Heading, next: &Heading) -> bool {
    let [first_title, next_title] = [first, next].map(|heading| titles::normalized(&heading.title));
    first_title != next_title && ends_sentence(&text[first.at..first.ends])
}

/// Whether no heading of a range is followed by a text.
fn are_lines_of_contents(text: &str, found: &[Heading], range: Range<usize>) -> bool {
    range.into_iter().all(|index| {
        let next = found.get(index + 1).map_or(text.len(), |next| next.at);
        let heading = &found[index];
        is_line_of_contents(heading, &text[heading.ends.min(next)..next])
    })
}

/// The places of headings that are lines of a list, such as an index at the end of a report: those with a
/// page number, and several without a text that start over or are most of the headings. Other headings
/// without a text share that of the last one, as those of Part III often do.
fn lines_of_lists(text: &str, body: &[Heading]) -> HashSet<usize> {
    let has_no_text = |index: usize| are_lines_of_contents(text, body, index..index + 1);
    let mut lines: HashSet<usize> = (0..body.len())
        .filter(|&index| body[index].has_page)
        .collect();
    let mut begins = 0;
    while begins < body.len() {
        let run = (begins..body.len())
            .take_while(|&index| index + 1 < body.len() && has_no_text(index))
            .count();
        let starts_over = begins > 0 && body[begins].key <= body[begins - 1].key;
        if run >= FEWEST && (starts_over || 2 * run > body.len()) {
            // The last line of the list is followed by other text.
            lines.extend(begins..=begins + run);
        }
        begins += run + 1;
    }
    lines
}

/// The number of headings of each item.
fn times(found: &[Heading]) -> HashMap<ItemKey, usize> {
    let mut times = HashMap::new();
    for heading in found {
        *times.entry(heading.key).or_default() += 1;
    }
    times
}

/// The items of a 10-K or 10-Q: an optional table of contents, then the headings in order.
#[expect(
    clippy::too_many_lines,
    reason = "each reason to leave an item out is a few lines"
)]
fn periodic(text: &str, (found, unsure): (&[Heading], &[Heading]), end: usize) -> Items {
    let without_title = unsure;
    let (contents, body) = split_contents(found);
    let mut doubts = OmittedItems::default();
    let mut unsure: HashSet<ItemKey> = HashSet::new();
    let lines = lines_of_lists(text, body);
    for (index, heading) in body.iter().enumerate() {
        if lines.contains(&index) {
            doubts.add(&heading.key.name(), "stands in a list of items");
        } else if lines.contains(&(index + 1)) {
            doubts.add(&heading.key.name(), "is followed by a list of items");
            unsure.insert(heading.key);
        }
    }
    let body = body.iter().enumerate();
    let body = body.filter(|(index, _)| !lines.contains(index));
    // A heading that is repeated by running heads counts once.
    let mut differ: HashSet<ItemKey> = HashSet::new();
    let mut body: Vec<&Heading> = body.map(|(_, heading)| heading).collect();
    body.dedup_by(|next, first| {
        let is_repeated = next.key == first.key && !next.is_combined;
        // The first may be a sentence within the item before it.
        if is_repeated && is_doubtful_repetition(text, first, next) {
            doubts.add(&first.key.name(), "has several headings that differ");
            differ.insert(first.key);
        }
        is_repeated
    });
    let in_order = longest_rising(&body);
    for pair in in_order.windows(2) {
        let [before, heading] = [pair[0], pair[1]].map(|index| body[index].key);
        if differ.contains(&heading) {
            unsure.extend([before, heading]);
        }
    }
    for (index, heading) in body.iter().enumerate() {
        if !in_order.contains(&index) {
            // This heading or the one in order may be the right one, and this one is within another item.
            doubts.add(
                &heading.key.name(),
                "has several headings, or one out of order",
            );
            unsure.insert(heading.key);
            if let Some(around) = in_order.iter().rev().find(|&&at| at < index) {
                unsure.insert(body[*around].key);
            }
        }
    }
    let keys: HashSet<ItemKey> = in_order.iter().map(|&index| body[index].key).collect();
    let listed: HashSet<ItemKey> = contents.iter().map(|heading| heading.key).collect();
    let mut before: Option<ItemKey> = None;
    // An item that only the table of contents has is within the item before it.
    let mut all: Vec<ItemKey> = keys.union(&listed).copied().collect();
    all.sort_unstable();
    for key in all {
        if keys.contains(&key) {
            before = Some(key);
        } else {
            doubts.add(
                &key.name(),
                "is in the table of contents and has no heading",
            );
            unsure.extend(before);
        }
    }
    let mut spans = Vec::new();
    for (place, &index) in in_order.iter().enumerate() {
        let heading = body[index];
        let next = in_order.get(place + 1).map(|&next| body[next]);
        let until = next.map_or(end, |next| next.at);
        let until = if heading.key == BEFORE_OFFICERS {
            executive_officers(text, heading.at, until).unwrap_or(until)
        } else {
            until
        };
        let skips =
            next.is_some_and(|next| heading.key.skips(next.key) && !listed.contains(&next.key));
        if heading.is_combined || unsure.contains(&heading.key) {
            if heading.is_combined {
                doubts.add(&heading.key.name(), "shares its heading with another item");
            }
            continue;
        }
        if let Some(line) = unsure_within(without_title, heading.at, until) {
            doubts.add(&line.key.name(), "has a heading without its title");
            continue;
        }
        if heading.key == SUMMARY && until - heading.at > LONGEST_SUMMARY {
            doubts.add("16", "runs on into other pages");
            continue;
        }
        let method = if listed.contains(&heading.key) {
            ItemMethod::Contents
        } else if listed.is_empty() && !skips {
            ItemMethod::Order
        } else {
            let why = if skips {
                "is followed by an item further on"
            } else {
                "is not in the table of contents"
            };
            doubts.add(&heading.key.name(), why);
            continue;
        };
        spans.push((heading, until, method));
    }
    finish(text, spans.into_iter(), &doubts)
}

/// The headings of the table of contents, and the others. Those of the table of contents come first, close
/// to each other, until the items start over.
fn split_contents(found: &[Heading]) -> (&[Heading], &[Heading]) {
    let rises = |pair: &[Heading]| pair[0].key < pair[1].key && pair[1].at - pair[0].at < NEAR;
    let run = 1 + found.windows(2).take_while(|pair| rises(pair)).count();
    let restarts = found
        .get(run)
        .is_some_and(|next| next.key <= found[run - 1].key);
    let numbered = found[..run]
        .iter()
        .filter(|heading| heading.has_page)
        .count();
    if run >= FEWEST && (restarts || 2 * numbered > run) {
        found.split_at(run)
    } else {
        (&[], found)
    }
}

/// The indices of the longest sequence of headings in the order of the form.
fn longest_rising(headings: &[&Heading]) -> Vec<usize> {
    // A form has about twenty items, so this is linear in the number of headings.
    let mut best: Vec<(usize, Option<usize>)> = Vec::with_capacity(headings.len());
    let mut best_of_key: std::collections::BTreeMap<ItemKey, usize> =
        std::collections::BTreeMap::new();
    for (index, heading) in headings.iter().enumerate() {
        let before = best_of_key
            .range(..heading.key)
            .map(|(_, &at)| at)
            .max_by_key(|&at| best[at].0);
        best.push((before.map_or(0, |at| best[at].0) + 1, before));
        let known = best_of_key.entry(heading.key).or_insert(index);
        if best[*known].0 < best[index].0 {
            *known = index;
        }
    }
    let mut at = (0..best.len()).max_by_key(|&index| (best[index].0, std::cmp::Reverse(index)));
    let mut places = Vec::new();
    while let Some(index) = at {
        places.push(index);
        at = best[index].1;
    }
    places.reverse();
    places
}

/// The reasons why items are left out.
#[derive(Debug, Default)]
struct OmittedItems(Vec<String>);

impl OmittedItems {
    fn add(&mut self, item: &str, why: &str) {
        let doubt = format!("Item {item} {why}");
        if self.0.len() < 20 && !self.0.contains(&doubt) {
            self.0.push(doubt);
        }
    }
}

fn finish<'a>(
    text: &str,
    spans: impl Iterator<Item = (&'a Heading, usize, ItemMethod)>,
    doubts: &OmittedItems,
) -> Items {
    let mut items = Vec::new();
    let (mut bytes, mut characters) = (0, 0);
    let mut count = |to: usize| {
        characters += text[bytes..to].chars().count();
        bytes = to;
        characters
    };
    for (heading, until, method) in spans {
        let until = headings::trimmed_end(text, heading.at, until);
        let from = count(heading.at);
        items.push(ReportItem {
            item: heading.key.name(),
            title: heading.title.clone(),
            bytes: heading.at..until,
            characters: from..count(until),
            method,
        });
    }
    let problem = (!doubts.0.is_empty()).then(|| doubts.0.join("; "));
    Items { items, problem }
}

#[cfg(test)]
mod tests;
