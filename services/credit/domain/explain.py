"""Sentences for each line of a score, in Chinese and English, with the arithmetic that made its amount."""

from collections.abc import Callable, Mapping

_Numbers = Mapping[str, int]


def explain(rule_id: str, amount: int, fact_count: int, inputs: _Numbers) -> tuple[str, str]:
    """Return the Chinese and the English sentence of a line; amounts are millipoints and are shown in points."""
    try:
        return _SENTENCES[rule_id](points(amount), fact_count, inputs)
    except KeyError as error:
        raise LookupError(f"no sentence for {rule_id} with {dict(inputs)}") from error


def points(millipoints: int) -> str:
    """Write millipoints as points, exactly, for example -12.5."""
    sign = "-" if millipoints < 0 else ""
    whole, rest = divmod(abs(millipoints), 1000)
    return f"{sign}{whole}" + (f".{rest:03d}".rstrip("0") if rest else "")


def _thousandths(value: int) -> str:
    return points(value)


def _base(amount: str, _: int, __: _Numbers) -> tuple[str, str]:
    return f"每户基准分 {amount} 分。", f"Every enterprise starts with {amount} points."


def _age(amount: str, _: int, n: _Numbers) -> tuple[str, str]:
    years = n["years"]
    return f"成立满 {years} 年，加 {amount} 分。", f"Established for {years} full years: {amount} points."


def _status(amount: str, _: int, __: _Numbers) -> tuple[str, str]:
    return f"经营状态影响：{amount} 分。", f"Operating status: {amount} points."


def _rate(amount: str, count: int, n: _Numbers) -> tuple[str, str]:
    cases, ratio = _thousandths(n["weighted_cases_milli"]), _thousandths(n["ratio_milli"])
    each = points(n["millipoints_per_ratio"])
    orders, prior, peer = n["orders"], n["prior_orders"], n["peer_cases_per_million"]
    zh = (
        f"已受理投诉 {count} 件，按结果、回应、时间与同一投诉人件数加权为 {cases} 件；加权订单 {orders:,} 笔。"
        f"与同行率（每百万单 {peer} 件，"
        f"先验 {prior:,} 单）合并后，投诉率为同行的 {ratio} 倍；与 1 倍之差按每倍 {each} 分计，得 {amount} 分。"
    )
    en = (
        f"{count} accepted complaints weigh {cases} after outcome, response, age and the complainant's number of cases, "
        f"over {orders:,} weighted orders. Joined "
        f"with the peers' rate ({peer} per million orders, {prior:,} prior orders) the rate is {ratio} times the peers'; the "
        f"distance from 1, at {each} points a whole rate, gives {amount} points."
    )
    if held := n.get("cases_under_review", 0):
        zh += f"另有 {held} 件集中出现的投诉正在核查，核查前不计分。"
        en += f" {held} more cases came in a burst; they are under review and weigh nothing until it is done."
    return zh, en


def _cap(what_zh: str, what_en: str) -> Callable[[str, int, _Numbers], tuple[str, str]]:
    def sentence(amount: str, _: int, __: _Numbers) -> tuple[str, str]:
        return (
            f"{what_zh}扣分已达上限，补回 {amount} 分。",
            f"The loss by {what_en} is capped: {amount} points given back.",
        )

    return sentence


def _relief_cap(amount: str, _: int, __: _Numbers) -> tuple[str, str]:
    return (
        f"低投诉率加分以同规模组的上限为限：{amount} 分。",
        f"What a low rate wins is capped for the peer group of this size: {amount} points.",
    )


def _penalty(class_zh: str, class_en: str) -> Callable[[str, int, _Numbers], tuple[str, str]]:
    def sentence(amount: str, count: int, n: _Numbers) -> tuple[str, str]:
        each = points(n["millipoints_each"])
        return (
            f"公示期内{class_zh}行政处罚 {count} 件 × {each} 分 = {amount} 分。",
            f"{count} {class_en} {'penalty' if count == 1 else 'penalties'} in the publicity period × {each} points = {amount} points.",
        )

    return sentence


def _bound(amount: str, _: int, __: _Numbers) -> tuple[str, str]:
    return f"得分限于 0 至 1000 分：{amount} 分。", f"A score stays between 0 and 1000: {amount} points."


def _override(amount: str, _: int, __: _Numbers) -> tuple[str, str]:
    return f"列入名单，直接判为 D 级：{amount} 分。", f"Listed: grade D directly, {amount} points."


_SENTENCES: dict[str, Callable[[str, int, _Numbers], tuple[str, str]]] = {
    "base": _base,
    "registration.age": _age,
    "registration.status": _status,
    "complaint.rate": _rate,
    "complaint.relief_cap": _relief_cap,
    "complaint.cap": _cap("投诉", "complaints"),
    "penalty.serious": _penalty("严重", "serious"),
    "penalty.ordinary": _penalty("一般", "ordinary"),
    "penalty.minor": _penalty("轻微", "minor"),
    "penalty.cap": _cap("处罚", "penalties"),
    "score.bound": _bound,
    "list.override": _override,
}
