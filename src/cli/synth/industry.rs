//! The industries of the city: GB/T 4754-2017 classes with what a return needs to know of each.

/// How sales run over a year.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Season {
    /// Stands still over the Spring Festival, busiest before Christmas orders ship.
    Factory,
    /// Sells before and through the holidays.
    Shop,
    /// Full at the holidays and in summer.
    Table,
    /// Stops for the festival, bills at year end.
    Site,
    /// Even, with a year-end push.
    Office,
}

/// One class of industry.
#[derive(Debug)]
pub(super) struct Industry {
    /// GB/T 4754-2017 class, four digits.
    pub(super) code: &'static str,
    /// The word in a company's name.
    pub(super) trade: &'static str,
    /// The word in a trader's shop name.
    pub(super) shop: &'static str,
    /// 经营范围.
    pub(super) scope: &'static str,
    /// VAT rate of a general taxpayer, percent.
    pub(super) rate_pct: i64,
    /// Input tax as a share of output tax, per mille.
    pub(super) input_per_mille: i64,
    /// Whether the sales are goods (form row 2) rather than services.
    pub(super) goods: bool,
    /// The year's course.
    pub(super) season: Season,
}

impl Industry {
    /// Rate of the input tax that most purchases carry, percent.
    pub(super) fn purchase_rate_pct(&self) -> i64 {
        if self.rate_pct == 6 { 6 } else { 13 }
    }

    /// What is bought for sales, as a share of them, per mille: as much as the input tax stands for.
    pub(super) fn cost_per_mille(&self) -> i64 {
        self.input_per_mille * self.rate_pct / self.purchase_rate_pct()
    }
}

/// Industries of companies.
pub(super) const INDUSTRIES: [Industry; 16] = [
    industry("6513", "软件", "软件工作室", "应用软件开发;信息技术服务", 6, 350, false, Season::Office),
    industry("6520", "微电子", "芯片工作室", "集成电路设计;技术咨询", 6, 400, false, Season::Office),
    industry("3982", "电路", "电子加工店", "电子电路制造;电子产品销售", 13, 790, true, Season::Factory),
    industry("3824", "电子", "电子加工店", "电力电子元器件制造;货物进出口", 13, 800, true, Season::Factory),
    industry("3525", "精密模具", "模具加工店", "模具制造;金属制品销售", 13, 760, true, Season::Factory),
    industry("1830", "服饰", "制衣店", "服饰制造;服装批发", 13, 780, true, Season::Factory),
    industry("2438", "珠宝", "首饰店", "珠宝首饰制造;工艺品销售", 13, 850, true, Season::Shop),
    industry("5176", "数码贸易", "数码店", "计算机、软件及辅助设备批发", 13, 900, true, Season::Office),
    industry("5213", "商业", "便利店", "便利店零售;日用百货销售", 13, 870, true, Season::Shop),
    industry("6210", "餐饮", "饭馆", "正餐服务;食品销售", 6, 450, false, Season::Table),
    industry("6220", "快餐", "小吃店", "快餐服务", 6, 430, false, Season::Table),
    industry("5431", "物流", "货运部", "普通货物道路运输;仓储服务", 9, 700, false, Season::Factory),
    industry("5011", "装饰工程", "装修店", "公共建筑装饰和装修;建材销售", 9, 720, false, Season::Site),
    industry("7231", "法务咨询", "咨询部", "法律咨询;商务信息咨询", 6, 250, false, Season::Office),
    industry("7241", "财税", "代账部", "代理记账;税务服务", 6, 240, false, Season::Office),
    industry("8111", "汽车服务", "修车店", "汽车修理与维护;汽车零配件零售", 13, 740, true, Season::Shop),
];

#[expect(clippy::too_many_arguments, reason = "a table row")]
const fn industry(
    code: &'static str,
    trade: &'static str,
    shop: &'static str,
    scope: &'static str,
    rate_pct: i64,
    input_per_mille: i64,
    goods: bool,
    season: Season,
) -> Industry {
    Industry { code, trade, shop, scope, rate_pct, input_per_mille, goods, season }
}

impl Season {
    /// Sales of a month against an even month, in percent. `after_festival` counts months since the Spring
    /// Festival's: 0 in it, 11 in the month before.
    pub(super) fn percent(self, month: u32, after_festival: u32) -> i64 {
        let festival = match (self, after_festival) {
            (Season::Factory, 0) => 45,
            (Season::Factory, 1) => 85,
            (Season::Factory, 11) => 108,
            (Season::Shop, 0) => 90,
            (Season::Shop, 11) => 145,
            (Season::Table, 0) => 70,
            (Season::Table, 11) => 125,
            (Season::Site, 0) => 30,
            (Season::Site, 1) => 65,
            (Season::Office, 0) => 65,
            (Season::Factory | Season::Shop | Season::Table | Season::Site | Season::Office, _) => 100,
        };
        let course = match (self, month) {
            (Season::Factory, 8..=10) => 115,
            (Season::Shop, 6 | 11) => 118,
            (Season::Table, 7 | 8 | 10) => 112,
            (Season::Site, 12) => 150,
            (Season::Office, 12) => 125,
            (Season::Office, 6) => 108,
            (Season::Factory | Season::Shop | Season::Table | Season::Site | Season::Office, _) => 100,
        };
        festival * course / 100
    }
}
