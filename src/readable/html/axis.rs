//! A scale for a chart's values: round steps, zero included, all in integers.

/// Where values stand between two heights.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scale {
    least: i128,
    most: i128,
    /// Values at which a line is drawn.
    pub ticks: Vec<i64>,
}

impl Scale {
    /// A scale for these values with about `steps` steps of 1, 2 or 5 times a power of ten.
    pub fn over(values: impl Iterator<Item = i64> + Clone, steps: i128) -> Self {
        let least = values.clone().min().map_or(0, i128::from).min(0);
        let most = values.max().map_or(0, i128::from).max(if least == 0 { 1 } else { 0 });
        let step = round_step((most - least + steps - 1) / steps.max(1));
        let (first, last) = (least.div_euclid(step), (most + step - 1).div_euclid(step));
        let ticks = (first..=last).filter_map(|place| i64::try_from(place * step).ok()).collect();
        Self { least: first * step, most: last * step, ticks }
    }

    /// The height of a value below the top, on a panel that high.
    pub fn below_top(&self, value: i64, height: i64) -> i64 {
        let range = (self.most - self.least).max(1);
        let down = (self.most - i128::from(value)).clamp(0, range);
        i64::try_from(down * i128::from(height) / range).unwrap_or(0)
    }
}

/// The least of 1, 2, 5 times a power of ten that is no smaller.
fn round_step(rough: i128) -> i128 {
    let mut power: i128 = 1;
    loop {
        for times in [1, 2, 5] {
            if power * times >= rough {
                return power * times;
            }
        }
        power *= 10;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_round_and_hold_every_value() {
        let scale = Scale::over([3, 38].into_iter(), 4);
        assert_eq!(scale.ticks, [0, 10, 20, 30, 40]);
        assert_eq!(
            (scale.below_top(40, 200), scale.below_top(0, 200), scale.below_top(10, 200)),
            (0, 200, 150)
        );
        let scale = Scale::over([-15, 30].into_iter(), 4);
        assert_eq!(scale.ticks, [-20, 0, 20, 40]);
    }

    #[test]
    fn nothing_and_extremes_have_a_scale_too() {
        for values in [vec![], vec![0], vec![0, 0], vec![-5], vec![i64::MIN, i64::MAX], vec![i64::MAX]] {
            let scale = Scale::over(values.iter().copied(), 4);
            assert!(scale.ticks.len() <= 8 && !scale.ticks.is_empty(), "{values:?}: {:?}", scale.ticks);
            for value in values {
                assert!((0..=1000).contains(&scale.below_top(value, 1000)));
            }
        }
    }
}
