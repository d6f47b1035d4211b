//! A row of figures as a row of characters: ▁ the least, █ the most, · where there is no figure.

const LEVELS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// What stands where nothing is known; it is not a zero, which is ▁.
pub const GAP: char = '·';

/// One character for each figure. The scale starts at zero, or at the least figure if that is negative.
pub fn sparkline(values: &[Option<i64>]) -> String {
    let known = || values.iter().flatten().map(|value| i128::from(*value));
    let least = known().min().unwrap_or(0).min(0);
    let most = known().max().unwrap_or(0).max(least);
    values.iter().map(|value| value.map_or(GAP, |value| level(i128::from(value), least, most))).collect()
}

fn level(value: i128, least: i128, most: i128) -> char {
    let range = (most - least).max(1);
    let place = ((value - least) * 7 * 2 + range) / (2 * range);
    usize::try_from(place).ok().and_then(|place| LEVELS.get(place)).copied().unwrap_or(LEVELS[7])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_and_nothing_look_different() {
        assert_eq!(sparkline(&[Some(0), None, Some(7), Some(4), Some(1)]), "▁·█▅▂");
        assert_eq!(sparkline(&[None, None]), "··");
        assert_eq!(sparkline(&[Some(0), Some(0)]), "▁▁");
        assert_eq!(sparkline(&[]), "");
    }

    #[test]
    fn negative_and_extreme_figures_stay_in_range() {
        assert_eq!(sparkline(&[Some(-10), Some(0), Some(10)]), "▁▅█");
        assert_eq!(sparkline(&[Some(i64::MIN), Some(i64::MAX)]), "▁█");
        assert_eq!(sparkline(&[Some(-5), Some(-5)]), "▁▁");
    }
}
