//! Charts as SVG in the page: drawings for wide places, halves of them and phones, of which the stylesheet shows one.
//!
//! Lengths are in tenths of a pixel, so that all arithmetic is in integers. No colour stands in an attribute: the policy
//! allows the stylesheet alone.

use maud::{Markup, html};

use super::parts::count;

/// One bar: what stands under it, what it is made of from the bottom up, what it says on a closer look.
pub struct Bar {
    /// Under the bar; empty for none.
    pub name: String,
    /// From the bottom up.
    pub parts: Vec<u64>,
    /// The bar in words.
    pub text: String,
}

/// What the parts of every bar are.
pub struct Legend<'a> {
    /// Name of each part, from the bottom up, and its class in the stylesheet.
    pub parts: &'a [(&'a str, &'a str)],
    /// The chart in words, for those who do not see it.
    pub summary: String,
}

struct Frame {
    class: &'static str,
    width: u64,
    height: u64,
    left: u64,
    /// Bars that can be named without names touching.
    names_max: u64,
}

const FRAMES: [Frame; 3] = [
    Frame { class: "wide", width: 10_400, height: 1_900, left: 520, names_max: 16 },
    Frame { class: "half", width: 5_900, height: 1_900, left: 520, names_max: 7 },
    Frame { class: "narrow", width: 3_300, height: 1_500, left: 380, names_max: 5 },
];
const ABOVE: u64 = 120;
const BELOW: u64 = 260;
/// So that the name under the last bar is whole.
const RIGHT: u64 = 150;
const TICKS: u64 = 4;

/// Bars side by side.
pub fn bars(bars: &[Bar], legend: &Legend<'_>) -> Markup {
    html! {
        div.chart {
            @if legend.parts.len() > 1 {
                p.legend { @for (name, class) in legend.parts { span { i.(class) {} (name) } } }
            }
            @for frame in &FRAMES { (drawing(bars, legend, frame)) }
        }
    }
}

fn drawing(bars: &[Bar], legend: &Legend<'_>, frame: &Frame) -> Markup {
    let most = bars.iter().map(|bar| bar.parts.iter().sum()).max().unwrap_or(0);
    let step = round_step(most.div_ceil(TICKS));
    let top = step * most.div_ceil(step).max(1);
    let y = |value: u64| ABOVE + frame.height - frame.height * value.min(top) / top;
    let whole = ABOVE + frame.height + BELOW;
    let many = u64::try_from(bars.len().max(1)).unwrap_or(u64::MAX);
    let every = many.div_ceil(frame.names_max);
    let room = frame.width - frame.left - RIGHT;
    html! {
        svg.(frame.class) viewBox={ "0 0 " (frame.width) " " (whole) } role="img" aria-label=(legend.summary) {
            @for tick in (0..=top / step).map(|place| place * step) {
                line.rule.zero[tick == 0] x1=(frame.left) x2=(frame.width - RIGHT) y1=(y(tick)) y2=(y(tick)) {}
                text.axis x=(frame.left - 80) y=(y(tick) + 38) { (count(tick)) }
            }
            @for (place, bar) in (0_u64..).zip(bars) {
                @let from = frame.left + room * place / many;
                @let wide = frame.left + room * (place + 1) / many - from;
                @let thick = (wide * 6 / 10).clamp(20, 460);
                g {
                    title { (bar.text) }
                    rect.slot x=(from) y=(ABOVE) width=(wide) height=(frame.height) {}
                    (stack(bar, legend, from + (wide - thick) / 2, thick, &y))
                }
                // Counted from the newest, so that today is always named.
                @if (many - 1 - place).is_multiple_of(every) && !bar.name.is_empty() {
                    text.name x=(from + wide / 2) y=(whole - 70) { (bar.name) }
                }
            }
        }
    }
}

fn stack(bar: &Bar, legend: &Legend<'_>, x: u64, thick: u64, y: &impl Fn(u64) -> u64) -> Markup {
    let mut below = 0;
    let mut pieces = Vec::new();
    for (part, (_, class)) in bar.parts.iter().zip(legend.parts) {
        if *part > 0 {
            let (low, high) = (y(below), y(below + part));
            // What there is is seen, however little.
            pieces.push((*class, high.min(low.saturating_sub(14)), (low - high).max(14)));
        }
        below += part;
    }
    html! {
        @for (class, top, height) in pieces {
            rect.(class) x=(x) y=(top) width=(thick) height=(height) rx="12" {}
        }
    }
}

/// The next of 1, 2 or 5 times a power of ten.
fn round_step(least: u64) -> u64 {
    let mut power = 1_u64;
    loop {
        for factor in [1, 2, 5] {
            if power.saturating_mul(factor) >= least.max(1) {
                return power.saturating_mul(factor);
            }
        }
        power = power.saturating_mul(10);
    }
}

/// A row's bar, its parts as shares of the longest row.
pub fn row_bar(parts: &[(u64, &str)], longest: u64) -> Markup {
    let longest = longest.max(1);
    let mut from = 0;
    let pieces: Vec<(u64, u64, &str)> = parts
        .iter()
        .filter(|(value, _)| *value > 0)
        .map(|(value, class)| {
            let wide = (value.saturating_mul(1_000) / longest).max(4);
            from += wide;
            (from - wide, wide, *class)
        })
        .collect();
    html! {
        svg.row-bar viewBox="0 0 1000 10" preserveAspectRatio="none" aria-hidden="true" {
            @for (x, wide, class) in pieces { rect.(class) x=(x) y="0" width=(wide) height="10" {} }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_round() {
        for (least, step) in [(0, 1), (1, 1), (3, 5), (5, 5), (6, 10), (11, 20), (201, 500), (999, 1_000)] {
            assert_eq!(round_step(least), step, "{least}");
        }
        assert!(round_step(u64::MAX) > 0);
    }

    #[test]
    fn every_bar_is_drawn_and_none_over_the_edge() {
        let all: Vec<Bar> = (0..30)
            .map(|n| Bar { name: n.to_string(), parts: vec![n * 7, n % 3], text: format!("{n}") })
            .collect();
        let legend = Legend { parts: &[("a", "bar-a"), ("b", "bar-b")], summary: "s".into() };
        let svg = bars(&all, &legend).into_string();
        assert_eq!(svg.matches("<title>").count(), 90, "each bar in each drawing");
        assert!(svg.contains("viewBox=\"0 0 10400 2280\"") && !svg.contains("style="));
    }

    #[test]
    fn a_chart_of_nothing_has_its_scale() {
        let legend = Legend { parts: &[("a", "bar-a")], summary: String::new() };
        assert!(bars(&[], &legend).into_string().contains("class=\"axis\""));
    }
}
