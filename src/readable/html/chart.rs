//! Charts as SVG inside the page: one drawing for wide screens and paper, one for phones, of which one is shown.
//!
//! Lengths are in tenths of a pixel, so that all arithmetic is in integers. A slot without a figure is shaded, which a
//! zero is not.

use super::super::document::{Chart, Label, Unit, Values};
use super::super::money;
use super::axis::Scale;
use super::blocks::both;
use super::writer::{Voice, Writer};

/// Classes of stacked bars, from the bottom up.
const BARS: [&str; 4] = ["bar-a", "bar-b", "bar-c", "bar-d"];

/// Changes beyond these are drawn at the edge; the slot's text has the true figure. Basis points.
const CHANGE_LEAST: i64 = -10_000;
const CHANGE_MOST: i64 = 20_000;

/// Measures of one drawing.
struct Frame {
    name: &'static str,
    width: i64,
    /// Space for the scale's figures.
    left: i64,
    top: i64,
    /// Height of the main panel.
    height: i64,
    /// Height of the panel of changes.
    change_height: i64,
    is_wide: bool,
}

const FRAMES: [Frame; 2] = [
    Frame {
        name: "wide",
        width: 9_200,
        left: 640,
        top: 90,
        height: 2_100,
        change_height: 720,
        is_wide: true,
    },
    Frame {
        name: "narrow",
        width: 3_580,
        left: 520,
        top: 90,
        height: 1_700,
        change_height: 620,
        is_wide: false,
    },
];

/// Between the two panels, and room for the slots' names.
const BETWEEN: i64 = 330;
const BELOW: i64 = 230;

/// The chart with its title, legend and both drawings.
pub fn figure(page: &mut Writer, chart: &Chart) {
    page.element("figure", &[("class", "chart"), ("id", chart.id)], |page| {
        page.element("figcaption", &[], |page| both(page, &chart.title));
        legend(page, chart);
        for frame in &FRAMES {
            drawing(page, chart, frame);
        }
    });
}

fn legend(page: &mut Writer, chart: &Chart) {
    let mut entries: Vec<(&str, &str)> = Vec::new();
    if chart.bars.len() > 1 || chart.line.is_some() {
        entries.extend(chart.bars.iter().zip(BARS).map(|(row, class)| (class, page.one(&row.label))));
    }
    entries.extend(chart.line.iter().map(|row| ("line-a", page.one(&row.label))));
    let is_gap = |place: usize| {
        stacked(&chart.bars, place).is_empty()
            || chart.line.iter().any(|row| row.values.get(place) == Some(&None))
    };
    if (0..chart.slots.len()).any(is_gap) {
        entries.push((
            "gap",
            if page.voice == Voice::English { "No data (not zero)" } else { "无数据（不是零）" },
        ));
    }
    if entries.is_empty() {
        return;
    }
    page.element("p", &[("class", "legend")], |page| {
        for (class, name) in entries {
            page.element("span", &[], |page| {
                page.leaf("i", &[("class", class)], "");
                page.text(name);
            });
        }
    });
}

fn drawing(page: &mut Writer, chart: &Chart, frame: &Frame) {
    let change = if chart.change.is_some() { BETWEEN + frame.change_height } else { 0 };
    let whole = frame.top + frame.height + change + BELOW;
    let (title, summary) =
        (format!("{}-{}-title", chart.id, frame.name), format!("{}-{}-desc", chart.id, frame.name));
    let attributes = [
        ("class", frame.name),
        ("viewBox", &format!("0 0 {} {whole}", frame.width)),
        ("role", "img"),
        ("aria-labelledby", &format!("{title} {summary}")),
    ];
    page.element("svg", &attributes, |page| {
        page.leaf("title", &[("id", &title)], &spoken(page, &chart.title));
        page.leaf("desc", &[("id", &summary)], &spoken(page, &chart.summary));
        panel(page, chart, frame);
        if let Some(row) = &chart.change {
            change_panel(page, chart, row, frame);
        }
        slot_names(page, chart, frame, whole - 70);
    });
}

fn spoken(page: &Writer, label: &Label) -> String {
    match page.voice {
        Voice::Both => format!("{} {}", label.zh, label.en),
        Voice::Chinese | Voice::English => page.one(label).to_owned(),
    }
}

/// Left edge and width of a slot.
fn slot(chart: &Chart, frame: &Frame, place: usize) -> (i64, i64) {
    let many = i64::try_from(chart.slots.len().max(1)).unwrap_or(i64::MAX);
    let place = i64::try_from(place).unwrap_or(0);
    let room = frame.width - frame.left - 60;
    let left = frame.left + room * place / many;
    (left, frame.left + room * (place + 1) / many - left)
}

fn panel(page: &mut Writer, chart: &Chart, frame: &Frame) {
    let totals = (0..chart.slots.len()).flat_map(|place| stacked(&chart.bars, place));
    let line = chart.line.iter().flat_map(|row| row.values.iter().flatten().copied());
    let values: Vec<i64> = totals.chain(line).collect();
    let scale = Scale::over(values.iter().copied(), 4);
    for tick in &scale.ticks {
        let y = frame.top + scale.below_top(*tick, frame.height);
        rule(page, frame, y, *tick == 0);
        axis_text(page, frame, y, &short(chart.unit, *tick));
    }
    for place in 0..chart.slots.len() {
        slot_of_panel(page, chart, frame, &scale, place);
    }
    if let Some(row) = &chart.line {
        let height = |value: i64| frame.top + scale.below_top(value, frame.height);
        polyline(page, chart, frame, row, "line-a", height);
    }
}

/// The sums of the stacked values, one after the other.
fn stacked(bars: &[Values], place: usize) -> Vec<i64> {
    let values = bars.iter().filter_map(|row| row.values.get(place).copied().flatten());
    values
        .scan(0_i64, |sum, value| {
            *sum = sum.saturating_add(value);
            Some(*sum)
        })
        .collect()
}

fn slot_of_panel(page: &mut Writer, chart: &Chart, frame: &Frame, scale: &Scale, place: usize) {
    let (left, wide) = slot(chart, frame, place);
    page.element("g", &[], |page| {
        let text = slot_text(page, chart, place);
        page.leaf("title", &[], &text);
        let tops = stacked(&chart.bars, place);
        if tops.is_empty() {
            rectangle(page, "gap", left, frame.top, wide, frame.height);
            return;
        }
        // Wide enough to be seen, never touching its neighbour, never a wall.
        let bar = (wide * 7 / 10).clamp(20, 900);
        let mut from = 0;
        let known =
            chart.bars.iter().zip(BARS).filter(|(row, _)| row.values.get(place).copied().flatten().is_some());
        for ((_, class), top) in known.zip(tops) {
            let (a, b) = (scale.below_top(from, frame.height), scale.below_top(top, frame.height));
            rectangle(page, class, left + (wide - bar) / 2, frame.top + a.min(b), bar, (a - b).abs().max(8));
            from = top;
        }
        if chart.line.as_ref().is_some_and(|row| row.values.get(place).copied().flatten().is_none()) {
            rectangle(page, "gap thin", left, frame.top, wide, frame.height);
        }
    });
}

fn slot_text(page: &Writer, chart: &Chart, place: usize) -> String {
    let name = chart.slots.get(place).map(String::as_str).unwrap_or_default();
    let value = |row: &Values| match row.values.get(place).copied().flatten() {
        Some(value) => full(chart.unit, value),
        None if page.voice == Voice::English => "no data".to_owned(),
        None => "无数据".to_owned(),
    };
    let rows: Vec<String> = chart
        .bars
        .iter()
        .chain(&chart.line)
        .map(|row| format!("{} {}", page.one(&row.label), value(row)))
        .collect();
    let change = chart.change.as_ref().and_then(|row| row.values.get(place).copied().flatten());
    let change = change.map(|change| format!("，同比 {}", money::signed_percent(change))).unwrap_or_default();
    format!("{name}：{}{change}", rows.join("，"))
}

fn change_panel(page: &mut Writer, chart: &Chart, row: &Values, frame: &Frame) {
    let top = frame.top + frame.height + BETWEEN;
    let clamped: Vec<Option<i64>> =
        row.values.iter().map(|value| value.map(|value| value.clamp(CHANGE_LEAST, CHANGE_MOST))).collect();
    let scale = Scale::over(clamped.iter().flatten().copied(), 2);
    let is_cut = clamped.iter().zip(&row.values).any(|(drawn, value)| drawn != value);
    let name = if is_cut {
        format!("{}（超出 -100% 至 +200% 的画在边上）", row.label.zh)
    } else {
        row.label.zh.clone()
    };
    text(page, "panel-name", frame.left, top - 100, &name);
    for tick in &scale.ticks {
        let y = top + scale.below_top(*tick, frame.change_height);
        rule(page, frame, y, *tick == 0);
        axis_text(page, frame, y, &format!("{}%", tick / 100));
    }
    let drawn = Values { label: row.label.clone(), values: clamped };
    polyline(page, chart, frame, &drawn, "line-b", |value| top + scale.below_top(value, frame.change_height));
}

/// A line through the known values, broken where one is missing.
fn polyline(
    page: &mut Writer,
    chart: &Chart,
    frame: &Frame,
    row: &Values,
    class: &'static str,
    height: impl Fn(i64) -> i64,
) {
    let mut runs: Vec<Vec<(i64, i64)>> = vec![Vec::new()];
    for (place, value) in row.values.iter().enumerate() {
        let (left, wide) = slot(chart, frame, place);
        match (value, runs.last_mut()) {
            (Some(value), Some(run)) => run.push((left + wide / 2, height(*value))),
            (_, _) => runs.push(Vec::new()),
        }
    }
    for run in runs.iter().filter(|run| !run.is_empty()) {
        let points: Vec<String> = run.iter().map(|(x, y)| format!("{x},{y}")).collect();
        page.leaf("polyline", &[("class", class), ("points", &points.join(" "))], "");
        let radius = if frame.is_wide { "30" } else { "22" };
        for (x, y) in run {
            let place = [("class", class), ("cx", &x.to_string()), ("cy", &y.to_string()), ("r", radius)];
            page.leaf("circle", &place, "");
        }
    }
}

/// Names under the slots: each if there are few, else the years, and quarters where there is room.
fn slot_names(page: &mut Writer, chart: &Chart, frame: &Frame, y: i64) {
    let few = chart.slots.len() <= if frame.is_wide { 12 } else { 5 };
    for (place, name) in chart.slots.iter().enumerate() {
        let (year, rest) = name.split_at_checked(4).unwrap_or((name, ""));
        let shown = match rest {
            _ if few => name.clone(),
            "-01" | "Q1" => format!("{year}年"),
            "-04" | "-07" | "-10" if frame.is_wide => format!("{}月", rest.trim_start_matches(['-', '0'])),
            "Q2" | "Q3" | "Q4" if frame.is_wide => rest.to_owned(),
            _ => continue,
        };
        let (left, wide) = slot(chart, frame, place);
        text(page, "slot-name", left + wide / 2, y, &shown);
    }
}

fn rectangle(page: &mut Writer, class: &str, x: i64, y: i64, width: i64, height: i64) {
    let [x, y, width, height] = [x, y, width, height].map(|length| length.to_string());
    page.leaf("rect", &[("class", class), ("x", &x), ("y", &y), ("width", &width), ("height", &height)], "");
}

fn rule(page: &mut Writer, frame: &Frame, y: i64, is_zero: bool) {
    let (x1, x2, y) = (frame.left.to_string(), (frame.width - 60).to_string(), y.to_string());
    let class = if is_zero { "rule zero" } else { "rule" };
    page.leaf("line", &[("class", class), ("x1", &x1), ("x2", &x2), ("y1", &y), ("y2", &y)], "");
}

fn axis_text(page: &mut Writer, frame: &Frame, y: i64, shown: &str) {
    text(page, "axis", frame.left - 60, y + 40, shown);
}

fn text(page: &mut Writer, class: &str, x: i64, y: i64, shown: &str) {
    page.leaf("text", &[("class", class), ("x", &x.to_string()), ("y", &y.to_string())], shown);
}

fn short(unit: Unit, value: i64) -> String {
    match unit {
        Unit::Fen => money::short_yuan(value).trim_end_matches('元').to_owned(),
        Unit::Persons => money::count(value),
    }
}

fn full(unit: Unit, value: i64) -> String {
    match unit {
        Unit::Fen => format!("{}元", money::yuan(value)),
        Unit::Persons => format!("{}人", money::count(value)),
    }
}
