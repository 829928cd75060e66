use std::fmt::Write;
use std::time::Duration;

use proptest::prelude::*;

use super::{TextFormat, TextKind, extract, submission};
use crate::edgar::testing::captures;

#[track_caller]
fn plain(html: &str) -> String {
    extract("a.htm", html.as_bytes(), TextFormat::Plain)
        .unwrap()
        .text
}

#[track_caller]
fn markdown(html: &str) -> String {
    extract("a.htm", html.as_bytes(), TextFormat::Markdown)
        .unwrap()
        .text
}

#[test]
fn what_a_browser_hides_is_not_shown() {
    let html = "<head><title>No</title><style>p{}</style></head><script>no()</script>\
        <div style='display:none'><ix:header><ix:hidden>No</ix:hidden></ix:header></div>\
        <p style='visibility: hidden'>No <span style='visibility:visible'>Yes</span></p>\
        <p hidden>No</p><p STYLE=\"Display : NONE !important\">No</p><template>No</template><p>Shown<!-- no --></p>";
    assert_eq!(plain(html), "Yes\n\nShown");
}

/// Chromium 148 shows the same.
#[test]
fn a_style_hides_as_in_a_browser_in_every_spelling() {
    for hides in [
        "display : none",
        "DISPLAY:NONE",
        "display:none ! important",
        "display:none!important;display:block",
        "display:none;display:nonsense",
        "display:nonsense;display:none",
        ";;foo;\tdisplay\n:\nnone",
        "/* x */display:none",
        "display:/* x */none",
        "color:red/*;*/;display:none/*",
        "visibility:hidden",
        "visibility:Collapse",
        "visibility:hidden!important;visibility:visible",
        "visibility:hidden;visibility:nonsense",
    ] {
        let html = format!("<p>a</p><p style=\"{hides}\">No</p><p>b</p>");
        assert_eq!(plain(&html), "a\n\nb", "{hides}");
    }
    for shows in [
        "display:none;display:block",
        "display:none;display:block!important",
        "font-family:'a;display:none'",
        "/*display:none*/",
        "visibility:inherit",
        "visibility:initial",
        "visibility:unset",
        "visibility:nonsense",
        "font-size:0",
        "opacity:0",
        "color:#fff",
        "height:0;overflow:hidden",
        "position:absolute;left:-9999px",
    ] {
        let html = format!("<p>a</p><p style=\"{shows}\">Yes</p><p>b</p>");
        assert_eq!(plain(&html), "a\n\nYes\n\nb", "{shows}");
    }
    let inherited = "<div style='visibility:hidden'>No<p style='visibility:inherit'>No</p>\
        <p style='visibility:initial'>Yes</p></div>";
    assert_eq!(plain(inherited), "Yes");
    let cases = "<div style='text-transform:uppercase'>a<p style='text-transform:inherit'>b</p>\
        <p style='text-transform:initial'>c</p></div>";
    assert_eq!(plain(cases), "A\n\nB\n\nc");
}

#[test]
fn of_repeated_attributes_the_first_one_counts() {
    let html = "a<p style='color:red' style='display:none'>Yes</p><p style='display:none' hidden style='display:block'>No</p>\
        <p style='font-family:Arial'><font face=Arial face=Wingdings>x</font></p>\
        <font style='font-family:Arial' face=Wingdings>x</font>";
    assert_eq!(plain(html), "a\n\nYes\n\nx\n\nx");
}

#[test]
fn items_of_a_list_have_the_numbers_that_a_browser_shows() {
    let html = "<ol type=a><li>x<li value=28>y</ol><ol style='list-style: upper-roman inside'><li value=1994>z</ol>\
        <ol style='list-style-type:none'><li>no<li style='list-style:decimal'>two</ol>\
        <ul><li>u</ul><ul style='list-style-type:lower-alpha'><li>v</ul><ol type=i><li value=0>n</ol>";
    let expected = "a. x\nab. y\nMCMXCIV. z\nno\n2. two\nu\na. v\n0. n";
    assert_eq!(plain(html), expected);
    assert_eq!(
        markdown(
            "<ol type=A><li>x</ol><ul style='list-style:none'><li>y</ul><ol><ul><li>z</ul></ol>"
        ),
        "A. x\n\ny\n\n- z"
    );
}

#[test]
fn words_stay_apart_and_hidden_ones_hidden_in_elements_deeper_than_a_browser_nests() {
    let body = "<p>one</p><p>two</p><table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>\
        <div style='display:none'>No<div>No</div>No</div><p>t<b>hre</b>e</p><ix:header><p>No</p></ix:header>\
        <template>No<template>No</template>No</template><p hidden>No</p><ul><li>four<li>five</ul>six<br>seven";
    for (open, times) in [("<div>", 600), ("<ul>", 600), ("<svg><g>", 400)] {
        let html = open.repeat(times) + body;
        assert_eq!(
            plain(&html).split_whitespace().collect::<Vec<_>>(),
            [
                "one", "two", "a", "b", "c", "three", "four", "five", "six", "seven"
            ],
            "{open}"
        );
    }
}

#[test]
fn a_header_of_inline_xbrl_goes_although_nothing_hides_it() {
    let html = "<ix:header><ix:references>No</ix:references></ix:header>\
        <p>Net sales of $<ix:nonFraction name='x'>383</ix:nonFraction> million</p>";
    assert_eq!(plain(html), "Net sales of $383 million");
}

#[test]
fn what_is_not_closed_hides_no_more_than_in_a_browser() {
    assert_eq!(plain("<p style='display:none'>No<p>Yes"), "Yes");
    assert_eq!(
        plain("<table><tr style='display:none'><td>No<tr><td>Yes</table>"),
        "Yes"
    );
}

#[test]
fn blocks_are_lines_and_inline_elements_are_none() {
    let html = "<div>One <b>b</b>ig\n  line</div><div>two</div><p>three<br>four</p>five";
    assert_eq!(plain(html), "One big line\ntwo\n\nthree\nfour\n\nfive");
    assert_eq!(
        markdown(html),
        "One **big** line\n\ntwo\n\nthree  \nfour\n\nfive"
    );
}

#[test]
fn entities_are_characters_in_every_spelling() {
    assert_eq!(
        plain("AT&amp;T&#146;s &ldquo;plan&rdquo; &#x2014; 5&nbsp;%&copy"),
        "AT&T’s “plan” — 5 %©"
    );
}

#[test]
fn headings_lists_and_emphasis_are_markdown() {
    let html = "<h2>Part I</h2><p><b>Item 1.</b> <i>Business</i></p>\
        <ul><li>one<li>two<ol start=3><li>a</li><li>b</li></ol></ul>";
    assert_eq!(
        markdown(html),
        "## Part I\n\n**Item 1.** *Business*\n\n- one\n\n- two\n\n  3. a\n\n  4. b"
    );
    assert_eq!(
        plain(html),
        "Part I\n\nItem 1. Business\n\none\ntwo\n3. a\n4. b"
    );
}

#[test]
fn bold_by_style_is_bold_and_normal_within_it_is_not() {
    let html = "<p style='font-weight:700'>Bold <span style='font:10pt Arial'>not</span></p>";
    assert_eq!(markdown(html), "**Bold** not");
}

#[test]
fn links_to_other_sites_stay() {
    let html = "<p>See <a href='https://www.sec.gov/a.htm'>Exhibit <b>99</b></a> and <a href='#x'>below</a>.</p>";
    assert_eq!(
        markdown(html),
        "See [Exhibit **99**](https://www.sec.gov/a.htm) and below."
    );
}

#[test]
fn what_markdown_would_take_for_a_mark_is_escaped() {
    assert_eq!(
        markdown("<p>*Less than 1% a_b &lt;b&gt; # 5</p>"),
        "\\*Less than 1% a_b \\<b> # 5"
    );
    assert_eq!(markdown("<p># 5</p><p>_____</p>"), "\\# 5\n\n\\_____");
}

#[test]
fn a_table_keeps_rows_and_columns_and_joins_signs_to_numbers() {
    let html = "<table>\
        <tr><td></td><td></td><td colspan=3>2023</td><td></td><td colspan=3>2022</td></tr>\
        <tr><td>Net sales</td><td>&nbsp;</td><td>$</td><td>383</td><td></td><td></td><td>$</td><td>394</td><td></td></tr>\
        <tr><td>Loss</td><td></td><td></td><td>(5</td><td>)</td><td></td><td></td><td>&#8212;</td><td></td></tr>\
        <tr><td>Margin</td><td></td><td colspan=2></td><td></td><td></td><td></td><td>43.3</td><td>%</td></tr></table>";
    assert_eq!(
        plain(html),
        "\t2023\t2022\nNet sales\t$383\t$394\nLoss\t(5)\t—\nMargin\t\t43.3%"
    );
    assert_eq!(
        markdown(html),
        "|  | 2023 | 2022 |\n| --- | --- | --- |\n| Net sales | $383 | $394 |\n| Loss | (5) | — |\n| Margin |  | 43.3% |"
    );
}

#[test]
fn a_cell_that_spans_rows_keeps_its_column() {
    let html = "<table><tr><td rowspan=2>A</td><td>1</td></tr><tr><td>2 | 3</td></tr></table>";
    assert_eq!(plain(html), "A\t1\n\t2 | 3");
    assert_eq!(markdown(html), "| A | 1 |\n| --- | --- |\n|  | 2 \\| 3 |");
}

#[test]
fn a_table_for_layout_is_text() {
    let html = "<table><tr><td>&#8226;</td><td><p>First</p><p>Second</p></td></tr></table>";
    assert_eq!(plain(html), "• First\n\nSecond");
    assert_eq!(markdown(html), "- First\n\nSecond");
    let nested = "<table><tr><td>Left<table><tr><td>a</td><td>b</td></tr></table></td><td>Right</td></tr></table>";
    assert_eq!(plain(nested), "Left\n\na\tb\n\nRight");
}

#[test]
fn digits_raised_above_digits_stand_apart() {
    assert_eq!(
        plain("<p>1,234<sup>2</sup> m<sup>2</sup> 5<sup>(1)</sup></p>"),
        "1,234^2 m2 5(1)"
    );
}

#[test]
fn what_stands_side_by_side_is_apart() {
    let html = "<div style='display:flex'><span>&#8226;</span><div style='display:inline'>our plan</div></div>";
    assert_eq!(plain(html), "• our plan");
}

#[test]
fn page_breaks_are_kept() {
    let html = "<p>One</p><hr style='page-break-after:always'><p>Two</p>";
    assert_eq!(plain(html), "One\n\n\u{c}\nTwo");
    assert_eq!(markdown(html), "One\n\n---\n\nTwo");
}

#[test]
fn preformatted_text_keeps_its_columns() {
    let html = "<p>Before</p><PRE>\n  a    b\n   1  &lt;2\n</PRE>";
    assert_eq!(plain(html), "Before\n\n  a    b\n   1  <2");
    assert_eq!(markdown(html), "Before\n\n```\n  a    b\n   1  <2\n```");
}

#[test]
fn letters_of_the_font_wingdings_are_its_signs() {
    let html = "<p><font face='Wingdings'>&#168;</font> No <span style='font-family:Wingdings'>&#254;</span> Yes</p>";
    assert_eq!(plain(html), "☐ No ☑ Yes");
}

#[test]
fn the_case_that_a_style_asks_for_is_shown() {
    assert_eq!(
        plain("<p style='text-transform:uppercase'>Item 1a</p>"),
        "ITEM 1A"
    );
    assert_eq!(
        plain("<p style='text-transform:capitalize'>company's name</p>"),
        "Company's Name"
    );
}

#[test]
fn pages_under_the_name_of_a_form_are_html() {
    let page = b"<?xml version='1.0'?><!-- x --><html><body>Form 4</body></html>";
    assert_eq!(
        extract("primary_doc.xml", page, TextFormat::Plain)
            .unwrap()
            .kind,
        TextKind::Html
    );
    assert_eq!(
        extract("a.xml", b"<a>1</a>", TextFormat::Plain)
            .unwrap()
            .kind,
        TextKind::Xml
    );
    assert_eq!(
        extract("a.txt", b"words", TextFormat::Plain).unwrap().kind,
        TextKind::Text
    );
    assert_eq!(
        TextKind::of("a.txt", "\u{feff}<?xml version='1.0'?><a>".as_bytes()),
        Some(TextKind::Xml)
    );
    for name in ["a.jpg", "a.zip", "a.xsd", "R1.xlsx", "a.js"] {
        assert_eq!(extract(name, b"words", TextFormat::Plain), None, "{name}");
    }
    assert_eq!(
        extract("a.txt", b"<PDF>\n%PDF-1.4", TextFormat::Plain),
        None
    );
}

/// Markup that made other programs take quadratic time or overflow the stack.
fn hard(length: usize) -> Vec<(&'static str, String)> {
    let repeated = |part: &str| part.repeat(length / part.len());
    let numbered = |part: fn(usize) -> String| {
        let mut text = String::new();
        let mut number = 0;
        while text.len() < length {
            number += 1;
            text.push_str(&part(number));
        }
        text
    };
    vec![
        ("deep blocks", repeated("<div>x")),
        ("deep tables", repeated("<table><tr><td>x")),
        ("deep lists", repeated("<ul><li>x")),
        (
            "formatting that is not closed",
            repeated("<p><b><i><font size=1>x"),
        ),
        (
            "fonts of many styles",
            numbered(|n| format!("<p><font face=f{n} style='font-weight:{}'>x", n % 900)),
        ),
        ("elements of many names", numbered(|n| format!("<x{n}>x"))),
        ("ends without a start", repeated("</b></div></p></table>x")),
        ("misnested formatting", repeated("<b><div><i></b>x</i>")),
        ("misnested links", repeated("<a><div><b></a>x")),
        (
            "attributes without end",
            format!("<p {}", numbered(|n| format!("a{n}='>' "))),
        ),
        (
            "a tag of attributes",
            format!("<p {}>x", numbered(|n| format!("a{n} "))),
        ),
        ("open angles", repeated("<")),
        ("ampersands", repeated("&")),
        ("entities", repeated("&lt;&nosuch;&#1;")),
        ("text in tables", format!("<table>{}", repeated("<tr>x"))),
        (
            "cells that span",
            repeated("<tr><td rowspan=65534 colspan=1000>x").replacen("<tr>", "<table><tr>", 1),
        ),
        (
            "rows below a span",
            format!(
                "<table><tr>{}{}",
                "<td rowspan=65534 colspan=2>x".repeat(300),
                repeated("<tr><td>x")
            ),
        ),
        ("blanks", repeated(" \u{a0}")),
        ("line breaks", repeated("<br> ")),
        ("underscores", repeated("_*")),
        (
            "styles",
            format!("<p style='{}'>x", repeated("display:none;")),
        ),
        ("comments", repeated("<!-- <!")),
        ("preformatted lines", format!("<pre>{}", repeated(" \n\n"))),
        ("selects", repeated("<select><option>x")),
        ("headings", repeated("<h1>x<li>y")),
        ("foreign content", repeated("<svg><math><p>x")),
        (
            "raw text in foreign content",
            repeated("<math><svg><noscript>"),
        ),
        (
            "void elements in foreign content",
            format!("<math>{}", repeated("<col>")),
        ),
        ("templates", repeated("<template>x")),
        ("lists of open elements", repeated("<code>)<div><nobr>")),
        ("nulls", repeated("\0x")),
    ]
}

/// The CPU time of this thread, so that other processes do not affect the result.
fn now() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(
        time.tv_sec.unsigned_abs(),
        time.tv_nsec.unsigned_abs().try_into().unwrap(),
    )
}

fn took(document: &str, name: &str, format: TextFormat) -> Duration {
    let began = now();
    std::hint::black_box(extract(name, document.as_bytes(), format));
    now().saturating_sub(began)
}

#[test]
fn hard_markup_takes_linear_time_and_no_stack() {
    const SHORT: usize = 20_000;
    for ((what, short), (_, long)) in hard(SHORT).into_iter().zip(hard(8 * SHORT)) {
        for format in [TextFormat::Plain, TextFormat::Markdown] {
            for name in ["a.htm", "a.txt", "a.xml"] {
                let took = |document: &str| took(document, name, format);
                let least = took(&short).min(took(&short));
                // Linear is 8; quadratic is 64. What takes no time at all is not compared.
                let allowed = 20 * least + Duration::from_millis(30);
                let first = took(&long);
                // Something may have disturbed the first measurement.
                assert!(
                    first < allowed || took(&long) < allowed,
                    "{what} as {name}: {least:?} became {first:?}"
                );
            }
        }
    }
}

/// Pieces of markup, in any order.
fn markup() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "<p>",
        "</p>",
        "<b>",
        "</b>",
        "<table>",
        "</table>",
        "<tr>",
        "<td colspan=2>",
        "<td rowspan=3>",
        "</td>",
        "<li>",
        "<ol>",
        "</ol>",
        "<pre>",
        "</pre>",
        "<a href='http://x.y/z'>",
        "</a>",
        "<sup>",
        "</sup>",
        "<h1>",
        "</h1>",
        "<br>",
        "<hr>",
        "<div style='display:none'>",
        "</div>",
        "<select>",
        "<option>",
        "<svg>",
        "</svg>",
        "<textarea>",
        "</textarea>",
        "<script>",
        "</script>",
        "<template>",
        "</template>",
        "<caption>",
        "<frameset>",
        "<ix:header>",
        "</ix:header>",
        "words",
        " ",
        "\n",
        "$",
        "(5",
        ")",
        "&nbsp;",
        "&#0;",
        "\0",
        "é",
        "*",
        "_",
        "|",
        "`",
        "<PAGE>",
        "<TABLE>",
        "<S>",
        "<C>",
        "<![CDATA[",
        "]]>",
        "<!--",
        "-->",
        "<?xml?>",
        "<",
        ">",
        "plaintext>",
    ]);
    prop::collection::vec(pieces, 0..60).prop_map(|pieces| pieces.concat())
}

/// Complete submissions of 1994 to 2026. The test passes without them.
#[test]
fn the_documents_of_real_submissions_have_texts_without_markup() {
    let is_small = |bytes: &[u8]| bytes.len() < 500_000;
    for (name, bytes) in captures("filings")
        .iter()
        .filter(|(_, bytes)| is_small(bytes))
    {
        let Some(accession) = name.get(..20).and_then(|name| name.parse().ok()) else {
            continue;
        };
        for format in [TextFormat::Plain, TextFormat::Markdown] {
            let filed_on = jiff::civil::date(2010, 1, 1);
            let text = submission(accession, filed_on, bytes, format).unwrap();
            let text = text.unwrap_or_default();
            assert!(
                text.len() > 100 || bytes.len() < 5_000,
                "{name} has no text"
            );
            for mark in [
                "<DOCUMENT>",
                "<TEXT>",
                "PRIVACY-ENHANCED",
                "<ix:",
                "</td>",
                "<PAGE>",
                "begin 644",
            ] {
                assert!(!text.contains(mark), "{name} has {mark}");
            }
        }
    }
}

proptest! {
    #[test]
    fn any_bytes_have_a_text_or_none(bytes in prop::collection::vec(any::<u8>(), 0..400), name in "a\\.(htm|txt|xml)") {
        for format in [TextFormat::Plain, TextFormat::Markdown] {
            std::hint::black_box(extract(&name, &bytes, format));
        }
    }

    #[test]
    fn any_markup_has_a_text(markup in markup(), name in "a\\.(htm|txt|xml)") {
        for format in [TextFormat::Plain, TextFormat::Markdown] {
            let text = extract(&name, markup.as_bytes(), format).unwrap().text;
            prop_assert_eq!(text.trim_end(), &text);
        }
    }

    /// For any table, no word is lost and none is added.
    #[test]
    fn a_table_has_the_words_of_its_cells_in_order(rows in prop::collection::vec(
        prop::collection::vec((1..4_u32, 1..4_u32, prop::option::of("[a-z]{1,5}( [a-z]{1,5})?")), 0..6), 1..8)
    ) {
        let (mut html, mut words) = (String::from("<table>"), Vec::new());
        for row in &rows {
            html.push_str("<tr>");
            for (columns, spanned, text) in row {
                let text = text.as_deref().unwrap_or("&nbsp;");
                write!(html, "<td colspan={columns} rowspan={spanned}>{text}</td>").unwrap();
                words.extend(text.split(' ').filter(|word| *word != "&nbsp;"));
            }
        }
        let (plain, markdown) = (plain(&html), markdown(&html));
        let is_word = |word: &&str| word.chars().all(|c| c.is_ascii_lowercase());
        prop_assert_eq!(plain.split_whitespace().collect::<Vec<_>>(), words.clone());
        prop_assert_eq!(markdown.split_whitespace().filter(is_word).collect::<Vec<_>>(), words);
    }
}
