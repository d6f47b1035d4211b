//! Invented names. Firms' are three characters that make no word together; persons have surnames nobody carries often.

use super::industry::Industry;
use super::random::Random;
use crate::domain::taxpayer_kind::TaxpayerKind;

const BRAND: [&str; 36] = [
    "岚", "砾", "汀", "穹", "澹", "翎", "榫", "霁", "阙", "帆", "砚", "苇", "棠", "弦", "堇", "泠", "珂",
    "稔", "筠", "昉", "朔", "溯", "郁", "沅", "臻", "庭", "樾", "翊", "浔", "湛", "曜", "铎", "瀚", "禾",
    "屿", "槐",
];
const SURNAME: [&str; 16] =
    ["岑", "墨", "禾", "砚", "闻", "麦", "戈", "苏木", "屈", "宿", "仰", "逯", "苗", "农", "敖", "晏"];
const GIVEN: [&str; 24] = [
    "一川", "知微", "望舒", "清和", "行简", "若谷", "见山", "听澜", "怀瑾", "子衿", "云起", "时雨", "长庚",
    "未央", "临渊", "南枝", "既白", "青禾", "晚照", "松月", "言蹊", "鹤鸣", "星垂", "平野",
];
const STREET: [&str; 12] = [
    "样河路",
    "样山路",
    "样海大道",
    "样林街",
    "样湖路",
    "样田路",
    "样港路",
    "样园路",
    "样桥街",
    "样塘路",
    "样岭路",
    "样湾大道",
];

/// The name of a firm of that kind.
pub(super) fn firm(random: &mut Random, kind: TaxpayerKind, district: &str, industry: &Industry) -> String {
    let (brand, trade) = (brand(random), industry.trade);
    match kind {
        TaxpayerKind::Company => format!("深圳市{brand}{trade}有限公司"),
        TaxpayerKind::SoleProprietorship => format!("深圳市{brand}{trade}经营部"),
        TaxpayerKind::Partnership => format!("深圳市{brand}{trade}合伙企业（普通合伙）"),
        TaxpayerKind::SoleTrader => format!("深圳市{district}{brand}{}", industry.shop),
    }
}

/// The fancy part of a firm's name.
fn brand(random: &mut Random) -> String {
    (0..3).map(|_| *random.pick(&BRAND)).collect()
}

/// A person.
pub(super) fn person(random: &mut Random) -> String {
    format!("{}{}", random.pick(&SURNAME), random.pick(&GIVEN))
}

/// An address in a district, on a street that does not exist.
pub(super) fn address(random: &mut Random, district: &str) -> String {
    let (street, house, room) = (*random.pick(&STREET), random.between(1, 399), random.between(101, 3_199));
    format!("深圳市{district}{street}{house}号{room}室")
}
