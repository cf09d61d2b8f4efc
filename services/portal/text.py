"""The page's sentences in its two languages, by key; Chinese first."""

from typing import Protocol

from services.portal.text_record import RECORD

LANGUAGES = ("zh", "en")


class Translate(Protocol):
    """Gives the sentence of a key in one language."""

    def __call__(self, key: str, **values: object) -> str:
        """Return the sentence with its values filled in; raises KeyError for an unknown key or a missing value."""
        ...


def translator(lang: str) -> Translate:
    """Return the sentences of a language, zh or en."""
    column = LANGUAGES.index(lang)

    def translate(key: str, **values: object) -> str:
        return SENTENCES[key][column].format(**values)

    return translate


SENTENCES: dict[str, tuple[str, str]] = {
    # the frame
    "site": ("电商信用", "E-Commerce Credit"),
    "site_region": ("贵州", "Guizhou"),
    "site_full": ("贵州电子商务企业信用查询", "Guizhou E-Commerce Merchant Credit"),
    "skip": ("跳到正文", "Skip to content"),
    "nav": ("主导航", "Main"),
    "nav_home": ("查询", "Search"),
    "nav_about": ("评价规则", "How it works"),
    "switch": ("English", "中文"),
    "switch_hint": ("Read this page in English", "用中文阅读本页"),
    "footer_note": (
        "数据由市场监管等部门依法归集。本页只列依法公开的信息，期满自动撤下。",
        (
            "Data are collected by law from market regulators and other offices. Only what the law publishes is shown, "
            "and it is taken down when its period ends."
        ),
    ),
    "footer_api": ("开放接口", "Open data API"),
    # search
    "search": ("查询", "Search"),
    "search_label": ("企业名称或统一社会信用代码", "Enterprise name or unified social credit code"),
    "search_placeholder": ("名称的一部分、拼音或 18 位代码", "Part of a name, pinyin, or the 18-character code"),
    "suggest_some": ("{count} 条建议，用上下键选择", "{count} suggestions; use the arrow keys"),
    "suggest_none": ("没有建议，按回车查询全部", "No suggestions; press Enter to search"),
    "suggest_failed": ("建议暂不可用，按回车查询", "Suggestions are unavailable; press Enter to search"),
    "home_title": ("买之前，先看看对方是谁", "Know whom you buy from"),
    "home_lede": (
        "输入店铺背后企业的名称或代码，查看登记状态、信用等级，以及每一分的来由。",
        (
            "Type the name or code of the business behind a shop to see whether it is registered, its credit grade, "
            "and where every point comes from."
        ),
    ),
    "home_who_title": ("核对主体", "Check who it is"),
    "home_who": (
        "登记名称、统一社会信用代码、经营状态和住所，来自市场主体登记。",
        "Registered name, credit code, operating status and address, from the business register.",
    ),
    "home_grade_title": ("看懂等级", "Read the grade"),
    "home_grade": (
        "千分制得分对应 AAA 至 D 十级；资料不足的企业暂不评级。",
        "A score out of 1000 falls into ten grades from AAA to D; who cannot be judged yet is not rated.",
    ),
    "home_why_title": ("问清依据", "Ask why"),
    "home_why": (
        "每一行加分、减分都写明算法、法律依据和何时变化，各行相加就是总分。",
        "Each line shows its arithmetic, its legal basis and when it changes; the lines add up to the score.",
    ),
    "legend_title": ("信用等级", "Credit grades"),
    "legend_note": ("现行规则 {version}，满分 1000 分", "Rules in force: {version}; out of 1000 points"),
    "legend_range": ("{floor} – {ceiling} 分", "{floor} – {ceiling} points"),
    "legend_nr": ("资料不足或不参评", "Not enough data"),
    "results_title": ("查询：{query}", "Results: {query}"),
    "results_count": ("共 {count} 家", "{count} found"),
    "results_many": ("超过 {count} 家，请再输入几个字", "More than {count} found; type a little more"),
    "results_as_of": ("索引截至 {moment}（{age}）", "Index as of {moment} ({age})"),
    "results_none": ("没有找到相符的企业", "No enterprise found"),
    "results_none_help": (
        "试试名称里的两三个字、拼音首字母，或取消筛选条件。个体网店请查其营业执照上的名称。",
        (
            "Try two or three characters of the name, the pinyin initials, or clear the filters. For a small shop, use the "
            "name on its business licence."
        ),
    ),
    "results_ask": ("请输入要查询的名称或代码。", "Type a name or a code to search."),
    "results_list": ("企业", "Enterprises"),
    "looks_like_code": (
        "“{text}”看起来是信用代码，但有误。{why}",
        "“{text}” looks like a credit code but is none. {why}",
    ),
    "filters": ("筛选", "Filters"),
    "filter_grade": ("信用等级", "Grade"),
    "filter_region": ("地区", "Region"),
    "filter_region_all": ("全部地区", "All regions"),
    "filter_apply": ("应用", "Apply"),
    "filter_clear": ("清除筛选", "Clear filters"),
    "page_next": ("下一页", "Next page"),
    "page_first": ("回到第一页", "First page"),
    "age_seconds": ("{count} 秒前", "{count} s ago"),
    "age_minutes": ("{count} 分钟前", "{count} min ago"),
    "age_hours": ("{count} 小时前", "{count} h ago"),
    "age_days": ("{count} 天前", "{count} days ago"),
    "api_search": ("按名称或代码查询，逐页返回。", "Find enterprises by name or code, page by page."),
    "api_suggest": ("按输入的开头给出建议。", "Suggest enterprises while somebody types."),
    "api_record": (
        "一户企业的公开信用记录及每一行的算法；分值以千分之一分为单位。",
        "One enterprise's public record with the arithmetic of each line; amounts are in thousandths of a point.",
    ),
    # shared words
    "score": ("得分", "Score"),
    "score_of": ("{score} 分", "{score} points"),
    "of_1000": ("满分 1000", "out of 1000"),
    "grade": ("等级", "Grade"),
    "region": ("地区", "Region"),
    "status": ("经营状态", "Status"),
    "code": ("统一社会信用代码", "Unified social credit code"),
    "unknown": ("未登记", "Not on record"),
    "unnamed": ("（名称尚未登记）", "(name not yet registered)"),
    **RECORD,
}
