//! Parses HTML as a browser does, and reports errors in it.

use html5ever::tendril::TendrilSink as _;
use html5ever::{ParseOpts, parse_document};
use markup5ever_rcdom::{Handle, NodeData, RcDom};

/// An element with its attributes, its own text, and all text within it.
#[derive(Debug, Clone)]
pub struct Element {
    pub name: String,
    pub attributes: Vec<(String, String)>,
    pub text: String,
    /// The names of the enclosing elements, the outermost first.
    pub within: Vec<String>,
}

impl Element {
    pub fn attribute(&self, name: &str) -> Option<&str> {
        let mut attributes = self.attributes.iter();
        attributes
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }
}

/// All elements in the order of the page. Panics at the first error, and if the page does not declare that it
/// is HTML.
pub fn elements(page: &str) -> Vec<Element> {
    let options = ParseOpts {
        tokenizer: html5ever::tokenizer::TokenizerOpts {
            exact_errors: true,
            ..Default::default()
        },
        ..Default::default()
    };
    let dom: RcDom = parse_document(RcDom::default(), options).one(page);
    let errors = dom.errors.borrow();
    assert!(errors.is_empty(), "{errors:?}");
    assert_eq!(
        dom.quirks_mode.get(),
        html5ever::interface::QuirksMode::NoQuirks
    );
    let mut found = Vec::new();
    collect(&dom.document, &[], &mut found);
    found
}

fn collect(node: &Handle, within: &[String], found: &mut Vec<Element>) {
    let mut inside = within.to_vec();
    if let NodeData::Element { name, attrs, .. } = &node.data {
        let attribute = |a: &html5ever::Attribute| (a.name.local.to_string(), a.value.to_string());
        found.push(Element {
            name: name.local.to_string(),
            attributes: attrs.borrow().iter().map(attribute).collect(),
            text: text_of(node),
            within: within.to_vec(),
        });
        inside.push(name.local.to_string());
    }
    for child in node.children.borrow().iter() {
        collect(child, &inside, found);
    }
}

fn text_of(node: &Handle) -> String {
    match &node.data {
        NodeData::Text { contents } => contents.borrow().to_string(),
        _ => node.children.borrow().iter().map(text_of).collect(),
    }
}

/// The rows of the table with this caption as texts, the header first.
pub fn table(elements: &[Element], caption: &str) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    let mut is_it = false;
    for element in elements {
        match element.name.as_str() {
            "caption" => is_it = element.text == caption,
            "tr" if is_it => rows.push(Vec::new()),
            "th" | "td" if is_it => rows.last_mut().unwrap().push(element.text.clone()),
            _ => {}
        }
    }
    rows
}
