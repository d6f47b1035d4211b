//! Plain words on what can leave, for what, how far back and for how long.

use crate::domain::consent::{ConsentWindow, Purpose};
use crate::domain::consent_request::RequestTerms;
use crate::domain::section::Section;
use crate::http::html::lang::Lang;
use crate::http::html::words;

/// Which tax periods.
pub fn window(lang: Lang, window: ConsentWindow) -> String {
    match (window, lang) {
        (ConsentWindow::Rolling(rolling), Lang::Zh) => {
            format!("查询当月及之前{}个月（随查询时间滚动）", rolling.months)
        }
        (ConsentWindow::Rolling(rolling), Lang::En) => {
            format!("the month of each query and the {} months before it", rolling.months)
        }
        (ConsentWindow::Fixed(fixed), Lang::Zh) => format!("{} 至 {}", fixed.from(), fixed.to()),
        (ConsentWindow::Fixed(fixed), Lang::En) => format!("{} to {}", fixed.from(), fixed.to()),
    }
}

/// What for.
pub fn purposes(lang: Lang, purposes: &[Purpose]) -> String {
    let names: Vec<&str> = purposes.iter().map(|one| words::purpose(lang, one.as_str())).collect();
    names.join(lang.pick("、", ", "))
}

/// The sections by name.
pub fn sections(lang: Lang, sections: &[Section]) -> String {
    let names: Vec<&str> = sections.iter().map(|one| words::section(lang, *one)).collect();
    names.join(lang.pick("、", ", "))
}

/// The terms in a sentence: how long, how often, how far back.
pub fn summary(lang: Lang, terms: &RequestTerms) -> String {
    let (days, pulls, window) = (terms.valid_days, terms.pulls, window(lang, terms.window));
    match lang {
        Lang::Zh => format!("自授权起{days}天内，最多查询{pulls}次；数据范围：{window}"),
        Lang::En => format!("for {days} days from the grant, at most {pulls} queries; covering {window}"),
    }
}
