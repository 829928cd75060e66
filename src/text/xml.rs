//! Converts XML: one line for each value, with the name of its element, in order. Nested elements are
//! indented.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::{TextFormat, markdown};

/// Deeper elements are not indented further, so that lines stay short.
const DEEPEST_INDENT: usize = 32;

/// The text of an XML document; `None` if it is not XML or has no values.
pub(super) fn text(source: &str, format: TextFormat) -> Option<String> {
    let mut reader = Reader::from_str(source);
    let config = reader.config_mut();
    config.check_end_names = false;
    config.allow_unmatched_ends = true;
    config.allow_dangling_amp = true;
    let mut writer = XmlText {
        out: String::with_capacity(source.len() / 2),
        format,
        open: Vec::new(),
        value: String::new(),
        values: 0,
    };
    loop {
        match reader.read_event() {
            Ok(Event::Start(element)) => writer.start(&element),
            Ok(Event::Empty(element)) => {
                writer.start(&element);
                writer.end();
            }
            Ok(Event::End(_)) => writer.end(),
            Ok(Event::Text(text)) => writer.value.push_str(&text.decode().unwrap_or_default()),
            Ok(Event::CData(text)) => writer.value.push_str(&text.decode().unwrap_or_default()),
            Ok(Event::GeneralRef(entity)) => {
                let name = entity.decode().unwrap_or_default();
                match entity.resolve_char_ref() {
                    Ok(Some(c)) => writer.value.push(c),
                    _ => match quick_xml::escape::resolve_predefined_entity(&name) {
                        Some(text) => writer.value.push_str(text),
                        None => writer.value.extend(["&", &name, ";"]),
                    },
                }
            }
            Ok(Event::Eof) => break,
            Ok(_) => {}
            // After an error, the rest of the input cannot be read as XML.
            Err(_) => return None,
        }
    }
    writer.finish()
}

/// An element whose end tag has not been read.
struct OpenElement {
    name: String,
    attributes: String,
    /// Whether a line was written for it.
    is_written: bool,
}

struct XmlText {
    out: String,
    format: TextFormat,
    open: Vec<OpenElement>,
    /// Characters since the last tag.
    value: String,
    values: usize,
}

impl XmlText {
    fn start(&mut self, element: &BytesStart<'_>) {
        // Text before a child, as in `<remark>Sold <b>all</b></remark>`.
        self.flush();
        let name = String::from_utf8_lossy(element.local_name().as_ref()).into_owned();
        let mut attributes = String::new();
        for attribute in element.attributes().with_checks(false).flatten() {
            let key = String::from_utf8_lossy(attribute.key.as_ref());
            if is_about_xml(&key) {
                continue;
            }
            let value = String::from_utf8_lossy(&attribute.value);
            let value =
                quick_xml::escape::unescape(&value).map_or_else(|_| value.to_string(), Into::into);
            let words: Vec<&str> = value.split_whitespace().collect();
            attributes.extend([" ", &key, "=", &words.join(" ")]);
        }
        self.open.push(OpenElement {
            name,
            attributes,
            is_written: false,
        });
    }

    fn end(&mut self) {
        self.flush();
        // An element may have attributes only.
        if let Some(open) = self.open.pop()
            && !open.is_written
            && !open.attributes.is_empty()
        {
            self.open.push(open);
            self.line("");
            self.open.pop();
        }
    }

    /// Writes the characters since the last tag, unless they are white space.
    fn flush(&mut self) {
        let value = std::mem::take(&mut self.value);
        let words: Vec<&str> = value.split_whitespace().collect();
        if words.is_empty() {
            return;
        }
        let words = words.join(" ");
        if !self.open.is_empty() {
            self.line(&words);
            return;
        }
        // Behind the last element.
        match self.format {
            TextFormat::Plain => self.out.push_str(&words),
            TextFormat::Markdown => markdown::escape_line(&words, &mut self.out),
        }
        self.out.push('\n');
    }

    /// Writes a line for the innermost element, and one for each enclosing element that has none yet.
    fn line(&mut self, value: &str) {
        self.values += 1;
        let last = self.open.len() - 1;
        // Ownership forms wrap each value: `<shares><value>100</value></shares>`.
        let named =
            if last > 0 && self.open[last].name == "value" && !self.open[last - 1].is_written {
                last - 1
            } else {
                last
            };
        // The enclosing elements that have a line are the outermost ones.
        let first = self.open[..named]
            .iter()
            .rposition(|open| open.is_written)
            .map_or(0, |at| at + 1);
        for depth in first..named {
            self.write(depth, "");
        }
        self.write(named, value);
        self.open[last].is_written = true;
    }

    fn write(&mut self, depth: usize, value: &str) {
        self.out
            .extend(std::iter::repeat_n(' ', 2 * depth.min(DEEPEST_INDENT)));
        if self.format == TextFormat::Markdown {
            self.out.push_str("- ");
        }
        let open = &mut self.open[depth];
        open.is_written = true;
        self.out.push_str(&open.name);
        match self.format {
            TextFormat::Plain => {
                self.out.push_str(&open.attributes);
            }
            TextFormat::Markdown => markdown::escape_line(&open.attributes, &mut self.out),
        }
        if !value.is_empty() {
            self.out.push_str(": ");
            match self.format {
                TextFormat::Plain => self.out.push_str(value),
                TextFormat::Markdown => markdown::escape_line(value, &mut self.out),
            }
        }
        self.out.push('\n');
    }

    fn finish(mut self) -> Option<String> {
        // Elements may lack their ends.
        self.flush();
        let end = self.out.trim_end().len();
        self.out.truncate(end);
        (self.values > 0).then_some(self.out)
    }
}

/// Whether an attribute is a namespace or schema, which says nothing about the filing.
fn is_about_xml(key: &str) -> bool {
    key.starts_with("xmlns") || key.starts_with("xsi:")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_the_names_of_their_elements() {
        let form = "<?xml version=\"1.0\"?>\n<ownershipDocument xmlns=\"x\">\n<documentType>4</documentType>\n<issuer><issuerName>A&amp;B &#38; Co</issuerName></issuer>\n<shares><value>100</value><footnoteId id=\"F1\"/></shares>\n<empty/></ownershipDocument>";
        let plain = "ownershipDocument\n  documentType: 4\n  issuer\n    issuerName: A&B & Co\n  shares: 100\n    footnoteId id=F1";
        assert_eq!(text(form, TextFormat::Plain).as_deref(), Some(plain));
        let markdown = "- ownershipDocument\n  - documentType: 4\n  - issuer\n    - issuerName: A&B & Co\n  - shares: 100\n    - footnoteId id=F1";
        assert_eq!(text(form, TextFormat::Markdown).as_deref(), Some(markdown));
    }

    #[test]
    fn the_value_of_an_attribute_is_on_one_line() {
        let form = "<a b=' x\n y' c=''>z</a>";
        assert_eq!(
            text(form, TextFormat::Plain).as_deref(),
            Some("a b=x y c=: z")
        );
    }

    #[test]
    fn values_of_elements_without_an_end_are_kept() {
        let of = |source| text(source, TextFormat::Plain).unwrap();
        assert_eq!(of("<a><b>1</b><d>2</a><e>3"), "a\n  b: 1\n  d: 2\n  e: 3");
        assert_eq!(of("<a>1</a> end"), "a: 1\nend");
        assert_eq!(of("<a><b/>1<c>2"), "a: 1\n  c: 2");
    }

    #[test]
    fn entities_are_not_read_from_elsewhere() {
        let source =
            "<!DOCTYPE a [<!ENTITY b 'c'><!ENTITY d SYSTEM 'file:///etc/hostname'>]><a>&b; &d;</a>";
        assert_eq!(
            text(source, TextFormat::Plain).as_deref(),
            Some("a: &b; &d;")
        );
    }

    #[test]
    fn what_is_no_xml_has_no_text_here() {
        assert_eq!(text("words only", TextFormat::Plain), None);
        assert_eq!(text("<a><b", TextFormat::Plain), None);
    }
}
