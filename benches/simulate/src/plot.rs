//! Lines as SVG, readable on light and dark ground. Not here: what is plotted.

use std::fmt::Write;

/// One line: its name and its points, from the left to the right.
pub struct Line<'a> {
    /// In the key.
    pub name: &'a str,
    /// Across and up, in the axes' units.
    pub points: Vec<(f64, f64)>,
}

/// What the axes say and how far they go, from 0.
pub struct Axes<'a> {
    /// Over the plot.
    pub title: &'a str,
    /// Under the axis that goes across.
    pub across: &'a str,
    /// The largest values.
    pub most: (f64, f64),
}

const COLOURS: [&str; 4] = ["#c8102e", "#2f6fb5", "#5a9e4b", "#b8860b"];
const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 240.0;
const LEFT: f64 = 60.0;
const TOP: f64 = 44.0;

fn text(svg: &mut String, x: f64, y: f64, anchor: &str, words: &str) {
    let _ = writeln!(
        svg,
        r#"<text x="{x:.0}" y="{y:.0}" text-anchor="{anchor}">{words}</text>"#
    );
}

/// A plot of these lines.
#[must_use]
pub fn svg(axes: &Axes, lines: &[Line]) -> String {
    let (wide, high) = (LEFT + WIDTH + 20.0, TOP + HEIGHT + 50.0);
    let mut svg = format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide:.0} {high:.0}" font-family="sans-serif" font-size="12" fill="#808080">
"##
    );
    text(&mut svg, LEFT, 16.0, "start", axes.title);
    for step in 0..=4 {
        let part = f64::from(step) / 4.0;
        let (x, y) = (LEFT + WIDTH * part, TOP + HEIGHT * (1.0 - part));
        let _ = writeln!(
            svg,
            r##"<path d="M{LEFT:.0} {y:.0}h{WIDTH:.0}" stroke="#808080" stroke-opacity="0.3"/>"##
        );
        text(
            &mut svg,
            LEFT - 6.0,
            y + 4.0,
            "end",
            &format!("{:.0}", axes.most.1 * part),
        );
        text(
            &mut svg,
            x,
            TOP + HEIGHT + 18.0,
            "middle",
            &format!("{:.0}", axes.most.0 * part),
        );
    }
    text(
        &mut svg,
        LEFT + WIDTH / 2.0,
        TOP + HEIGHT + 38.0,
        "middle",
        axes.across,
    );
    let mut key = LEFT;
    for (line, colour) in lines.iter().zip(COLOURS.iter().cycle()) {
        let points = line.points.iter().map(|(x, y)| {
            let x = LEFT + WIDTH * (x / axes.most.0).clamp(0.0, 1.0);
            let y = TOP + HEIGHT * (1.0 - (y / axes.most.1).clamp(0.0, 1.0));
            format!("{x:.1},{y:.1}")
        });
        let points: Vec<String> = points.collect();
        let points = points.join(" ");
        let _ = writeln!(
            svg,
            r#"<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.5"/>"#
        );
        let _ = writeln!(
            svg,
            r#"<text x="{key:.0}" y="34" style="fill:{colour}">{}</text>"#,
            line.name
        );
        key += 165.0;
    }
    svg + "</svg>\n"
}
