//! Who authorises whom in the demo. Follows from the city alone, so that a second run continues the first.

use crate::cli::synth::{City, FirmSummary, firms};
use crate::domain::section::Section;
use crate::domain::taxpayer_id::TaxpayerId;

/// Of so many consents of a bank, one is revoked, one expired, one for a single pull, one for fewer sections.
const ROUND: u64 = 20;
/// Banks that the same firm authorises lie this far apart.
const STRIDE: u64 = 5;

/// What becomes of a consent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fate {
    /// All sections, several pulls: what a bank lives on.
    Whole,
    /// Registration and rating alone.
    Partial,
    /// One pull, and then exhausted.
    Single,
    /// Taken back before it is used.
    Revoked,
    /// Its time was over before today.
    Expired,
}

impl Fate {
    fn of(ordinal: u64) -> Self {
        match ordinal % ROUND {
            0 => Fate::Revoked,
            1 => Fate::Expired,
            2 => Fate::Single,
            3 => Fate::Partial,
            _rest => Fate::Whole,
        }
    }

    /// Sections that such a consent names, of those that the product may see.
    pub fn sections(self, product: &[Section]) -> Vec<Section> {
        let wanted = |section: &&Section| match self {
            Fate::Partial => matches!(section, Section::Registration | Section::Rating),
            Fate::Whole | Fate::Single | Fate::Revoked | Fate::Expired => true,
        };
        product.iter().filter(wanted).copied().collect()
    }

    /// Whether it serves for one run only, and the next run needs another.
    pub fn is_spent(self) -> bool {
        match self {
            Fate::Single | Fate::Revoked | Fate::Expired => true,
            Fate::Whole | Fate::Partial => false,
        }
    }
}

/// One consent to be given.
#[derive(Clone, Debug)]
pub struct Planned {
    /// Who gives it.
    pub firm: FirmSummary,
    /// Place of the bank among the banks, from 0.
    pub bank: usize,
    /// What becomes of it.
    pub fate: Fate,
}

impl Planned {
    /// 5 to 20, so that a bank can go on pulling.
    pub fn pulls_max(&self) -> u64 {
        match self.fate {
            Fate::Single => 1,
            Fate::Whole | Fate::Partial | Fate::Revoked | Fate::Expired => 5 + self.firm.index * 7 % 16,
        }
    }

    /// Whether the person behind a sole trader, sole proprietorship or partnership consents to the bank's having
    /// their own tax data. Some do not, and the bank then sees registration and rating alone.
    pub fn personal_data(&self) -> bool {
        self.firm.kind.needs_personal_consent() && self.firm.index % 5 != 3
    }

    /// Whether the firm allows the use after the loan, too.
    pub fn post_loan(&self) -> bool {
        self.firm.index % 5 == 4
    }
}

/// Consents that the city's firms give to so many banks: one to three each.
pub fn consents(city: &City, banks: u64) -> impl Iterator<Item = Planned> {
    let mut given = vec![0_u64; usize::try_from(banks).unwrap_or(0)];
    firms(city)
        // The bureau takes consents only for numbers whose check characters are right; a city has a few others.
        .filter(|firm| TaxpayerId::parse_strict(firm.taxpayer_id.as_str()).is_ok())
        .flat_map(move |firm| {
            (0..=firm.index % 3).map(move |turn| ((firm.index / 3 + turn * STRIDE) % banks, firm.clone()))
        })
        .filter_map(move |(bank, firm)| {
            let bank = usize::try_from(bank).ok()?;
            let ordinal = given.get_mut(bank)?;
            let fate = Fate::of(*ordinal);
            *ordinal += 1;
            Some(Planned { firm, bank, fate })
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bank_gets_enough_of_every_fate() {
        for (seed, taxpayers, least) in [(1, 60, 3), (2, 60, 3), (3, 60, 3), (4, 60, 3), (1, 240, 20)] {
            let planned: Vec<Planned> = consents(&City::new(seed, taxpayers), 12).collect();
            for bank in 0..12 {
                let of = |fate| planned.iter().filter(|p| p.bank == bank && p.fate == fate).count();
                let whole: Vec<&Planned> =
                    planned.iter().filter(|p| p.bank == bank && p.fate == Fate::Whole).collect();
                assert!(whole.len() >= least, "bank {bank}: {}", whole.len());
                assert!(whole.iter().any(|p| !p.post_loan()), "bank {bank}: one that is for pre_loan only");
                for fate in [Fate::Revoked, Fate::Expired, Fate::Single, Fate::Partial] {
                    assert!(of(fate) >= 1, "bank {bank}: {fate:?}");
                }
            }
        }
    }

    #[test]
    fn a_firm_never_authorises_a_bank_twice() {
        let mut pairs: Vec<_> = consents(&City::new(1, 240), 12).map(|p| (p.bank, p.firm.index)).collect();
        let count = pairs.len();
        pairs.sort_unstable();
        pairs.dedup();
        assert_eq!(pairs.len(), count);
    }
}
