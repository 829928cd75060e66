//! The tree of a document. It has only what the text needs: the links between nodes, names and styles.
//!
//! html5ever builds it through [`HtmlTreeSink`]. All nodes are in one vector and all texts in one string, so
//! that the tree of a document of 50 MB takes about 30 MB. No function recurses, however deep the markup is.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;

use html5ever::interface::{ElemName, ElementFlags, NodeOrText, QuirksMode, TreeSink};
use html5ever::tendril::StrTendril;
use html5ever::{Attribute, LocalName, Namespace, QualName};

use super::style::ElementStyle;

/// The index of a node.
pub(super) type Id = u32;

/// No node.
pub(super) const NIL: Id = Id::MAX;

/// The document itself, above `<html>`.
pub(super) const DOCUMENT: Id = 0;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NodeContent {
    /// The document or a comment, which is not shown.
    Nothing,
    /// The number of the name; the style; the index of further properties, or `NIL`.
    Element {
        name: u32,
        style: ElementStyle,
        more: u32,
    },
    /// The range in the text of the tree.
    Text { start: u32, end: u32 },
}

#[derive(Debug, Clone, Copy)]
pub(super) struct TreeNode {
    pub(super) parent: Id,
    pub(super) first: Id,
    last: Id,
    previous: Id,
    pub(super) next: Id,
    depth: u32,
    pub(super) content: NodeContent,
}

/// Properties that few elements have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ElementExtras {
    /// The columns and rows that a cell spans.
    Span { columns: u32, rows: u32 },
    /// The address of a link.
    Link(Box<str>),
    /// The number of a list's first item, or of this item.
    Number(i32),
}

/// A document.
#[derive(Debug, Default)]
pub(super) struct HtmlTree {
    pub(super) nodes: Vec<TreeNode>,
    names: Vec<QualName>,
    numbers: HashMap<QualName, u32>,
    pub(super) more: Vec<ElementExtras>,
    pub(super) text: String,
}

impl HtmlTree {
    fn push(&mut self, content: NodeContent) -> Id {
        let id = Id::try_from(self.nodes.len()).unwrap_or(NIL);
        assert!(
            id < NIL,
            "a document has fewer nodes than bytes, and fewer than 2^32 bytes"
        );
        self.nodes.push(TreeNode {
            parent: NIL,
            first: NIL,
            last: NIL,
            previous: NIL,
            next: NIL,
            depth: 0,
            content,
        });
        id
    }

    pub(super) fn node(&self, id: Id) -> &TreeNode {
        &self.nodes[id as usize]
    }

    fn node_mut(&mut self, id: Id) -> &mut TreeNode {
        &mut self.nodes[id as usize]
    }

    /// The names of elements, by their numbers.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(|name| &*name.local)
    }

    pub(super) fn text(&self, start: u32, end: u32) -> &str {
        &self.text[start as usize..end as usize]
    }

    fn number(&mut self, name: QualName) -> u32 {
        if let Some(&number) = self.numbers.get(&name) {
            return number;
        }
        let number = u32::try_from(self.names.len()).unwrap_or(NIL);
        self.names.push(name.clone());
        self.numbers.insert(name, number);
        number
    }

    fn push_text(&mut self, text: &str) -> NodeContent {
        let place = |at: usize| u32::try_from(at).expect("a document is smaller than 4 GB");
        let start = place(self.text.len());
        self.text.push_str(text);
        NodeContent::Text {
            start,
            end: place(self.text.len()),
        }
    }

    fn detach(&mut self, id: Id) {
        let TreeNode {
            parent,
            previous,
            next,
            ..
        } = *self.node(id);
        if parent == NIL {
            return;
        }
        if previous == NIL {
            self.node_mut(parent).first = next;
        } else {
            self.node_mut(previous).next = next;
        }
        if next == NIL {
            self.node_mut(parent).last = previous;
        } else {
            self.node_mut(next).previous = previous;
        }
        let node = self.node_mut(id);
        (node.parent, node.previous, node.next) = (NIL, NIL, NIL);
    }

    /// Adds a node as the last child of another one.
    fn append(&mut self, parent: Id, id: Id) {
        self.detach(id);
        let TreeNode { last, depth, .. } = *self.node(parent);
        let node = self.node_mut(id);
        (node.parent, node.previous, node.depth) = (parent, last, depth + 1);
        if last == NIL {
            self.node_mut(parent).first = id;
        } else {
            self.node_mut(last).next = id;
        }
        self.node_mut(parent).last = id;
    }

    fn insert_before(&mut self, sibling: Id, id: Id) {
        self.detach(id);
        let TreeNode {
            parent,
            previous,
            depth,
            ..
        } = *self.node(sibling);
        let node = self.node_mut(id);
        (node.parent, node.previous, node.next, node.depth) = (parent, previous, sibling, depth);
        self.node_mut(sibling).previous = id;
        if previous == NIL {
            self.node_mut(parent).first = id;
        } else {
            self.node_mut(previous).next = id;
        }
    }

    /// Appends text. If the last child is a text, it is extended.
    fn append_text(&mut self, parent: Id, text: &str) -> Id {
        let last = self.node(parent).last;
        if last != NIL
            && let NodeContent::Text { start, end } = self.node(last).content
            && end as usize == self.text.len()
        {
            let NodeContent::Text { end, .. } = self.push_text(text) else {
                return last;
            };
            self.node_mut(last).content = NodeContent::Text { start, end };
            return last;
        }
        let content = self.push_text(text);
        let id = self.push(content);
        self.append(parent, id);
        id
    }
}

/// The attribute names by which a token passes the values of [`ElementExtras`] and [`ElementStyle`].
pub(super) mod carried {
    pub(in super::super) const STYLE: &str = "style";
    pub(in super::super) const COLUMNS: &str = "colspan";
    pub(in super::super) const ROWS: &str = "rowspan";
    pub(in super::super) const LINK: &str = "href";
    pub(in super::super) const NUMBER: &str = "start";
}

/// The interface through which html5ever builds the tree.
#[derive(Debug)]
pub(super) struct HtmlTreeSink {
    tree: RefCell<HtmlTree>,
    /// The depth of the node that was added last.
    pub(super) depth: Cell<u32>,
    /// How many elements html5ever has compared while it searched its lists of open elements.
    pub(super) steps: Cell<usize>,
}

impl HtmlTreeSink {
    /// An empty tree, with capacity for a document of this many bytes.
    pub(super) fn new(bytes: usize) -> Self {
        let mut tree = HtmlTree::default();
        // Real filings have a node for every 60 to 80 bytes, dense tables one for 30, and a fifth of their
        // bytes is text. Memory that is reserved and not used costs nothing; a vector that grows is copied.
        tree.nodes.reserve(bytes / 24);
        tree.text.reserve(bytes / 4);
        tree.push(NodeContent::Nothing);
        Self {
            tree: RefCell::new(tree),
            depth: Cell::new(0),
            steps: Cell::new(0),
        }
    }

    /// The number of nodes so far.
    pub(super) fn nodes(&self) -> usize {
        self.tree.borrow().nodes.len()
    }

    fn step(&self) {
        self.steps.set(self.steps.get() + 1);
    }

    fn placed(&self, id: Id) {
        self.depth.set(self.tree.borrow().node(id).depth);
    }
}

/// The name of an element, in the type that html5ever expects.
#[derive(Debug)]
pub(super) struct Name(QualName);

impl ElemName for Name {
    fn ns(&self) -> &Namespace {
        &self.0.ns
    }

    fn local_name(&self) -> &LocalName {
        &self.0.local
    }
}

impl TreeSink for HtmlTreeSink {
    type Handle = Id;
    type Output = HtmlTree;
    type ElemName<'a> = Name;

    fn finish(self) -> HtmlTree {
        self.tree.into_inner()
    }

    fn parse_error(&self, _: Cow<'static, str>) {}

    fn get_document(&self) -> Id {
        DOCUMENT
    }

    fn elem_name<'a>(&'a self, id: &'a Id) -> Name {
        self.step();
        let tree = self.tree.borrow();
        let NodeContent::Element { name, .. } = tree.node(*id).content else {
            unreachable!("html5ever asks for the names of elements only");
        };
        Name(tree.names[name as usize].clone())
    }

    fn create_element(&self, name: QualName, attributes: Vec<Attribute>, _: ElementFlags) -> Id {
        let mut tree = self.tree.borrow_mut();
        let name = tree.number(name);
        let (style, more) = carried_by(&attributes);
        let more = more.map_or(NIL, |more| {
            tree.more.push(more);
            u32::try_from(tree.more.len() - 1).unwrap_or(NIL)
        });
        tree.push(NodeContent::Element { name, style, more })
    }

    fn create_comment(&self, _: StrTendril) -> Id {
        self.tree.borrow_mut().push(NodeContent::Nothing)
    }

    fn create_pi(&self, _: StrTendril, _: StrTendril) -> Id {
        self.tree.borrow_mut().push(NodeContent::Nothing)
    }

    fn append(&self, parent: &Id, child: NodeOrText<Id>) {
        let id = {
            let mut tree = self.tree.borrow_mut();
            match child {
                NodeOrText::AppendNode(id) => {
                    tree.append(*parent, id);
                    id
                }
                NodeOrText::AppendText(text) => tree.append_text(*parent, &text),
            }
        };
        self.placed(id);
    }

    fn append_based_on_parent_node(&self, element: &Id, previous: &Id, child: NodeOrText<Id>) {
        let has_parent = self.tree.borrow().node(*element).parent != NIL;
        if has_parent {
            self.append_before_sibling(element, child);
        } else {
            self.append(previous, child);
        }
    }

    fn append_doctype_to_document(&self, _: StrTendril, _: StrTendril, _: StrTendril) {}

    fn get_template_contents(&self, template: &Id) -> Id {
        *template
    }

    fn same_node(&self, one: &Id, other: &Id) -> bool {
        self.step();
        one == other
    }

    fn set_quirks_mode(&self, _: QuirksMode) {}

    fn append_before_sibling(&self, sibling: &Id, child: NodeOrText<Id>) {
        let id = {
            let mut tree = self.tree.borrow_mut();
            let id = match child {
                NodeOrText::AppendNode(id) => id,
                NodeOrText::AppendText(text) => {
                    let content = tree.push_text(&text);
                    tree.push(content)
                }
            };
            tree.insert_before(*sibling, id);
            id
        };
        self.placed(id);
    }

    /// Called for a second `<html>` or `<body>`. Its attributes are ignored.
    fn add_attrs_if_missing(&self, _: &Id, _: Vec<Attribute>) {}

    fn remove_from_parent(&self, id: &Id) {
        self.tree.borrow_mut().detach(*id);
    }

    fn reparent_children(&self, from: &Id, to: &Id) {
        let mut tree = self.tree.borrow_mut();
        loop {
            let first = tree.node(*from).first;
            if first == NIL {
                return;
            }
            tree.append(*to, first);
        }
    }
}

fn carried_by(attributes: &[Attribute]) -> (ElementStyle, Option<ElementExtras>) {
    let mut style = ElementStyle::default();
    let (mut columns, mut rows, mut more) = (1, 1, None);
    for attribute in attributes {
        let value = &*attribute.value;
        match &*attribute.name.local {
            carried::STYLE => style = ElementStyle(u32::from_str_radix(value, 16).unwrap_or(0)),
            carried::COLUMNS => columns = value.parse().unwrap_or(1),
            carried::ROWS => rows = value.parse().unwrap_or(1),
            carried::LINK => more = Some(ElementExtras::Link(value.into())),
            carried::NUMBER => more = value.parse().ok().map(ElementExtras::Number),
            _ => {}
        }
    }
    if columns != 1 || rows != 1 {
        more = Some(ElementExtras::Span { columns, rows });
    }
    (style, more)
}
