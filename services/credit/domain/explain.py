"""Sentences for each line of a score, in Chinese and English, with the arithmetic that made its amount."""

from collections.abc import Callable, Mapping

from services.credit.domain.policy import MAX_MILLIPOINTS, Policy

_Numbers = Mapping[str, int]


def numbers_beside(policy: Policy, amounts: Mapping[str, int]) -> _Numbers:
    """Return the numbers that stand in sentences beside a line's own: the policy's limits, and what the rate gives.

    `amounts` are the lines of the score by rule, in millipoints.
    """
    return {
        "age_per_year": policy.age_per_year,
        "age_cap": policy.age_cap,
        "complaint_cap": policy.complaint_cap,
        "penalty_cap": policy.penalty_cap,
        "rate_points": amounts.get("complaint.rate", 0),
    }


def explain(rule_id: str, amount: int, fact_count: int, numbers: _Numbers) -> tuple[str, str]:
    """Return the Chinese and the English sentence of a line, with all of its arithmetic.

    `numbers` are the line's inputs and what stands beside them (numbers_beside); amounts are millipoints and are shown in points.
    """
    try:
        return _SENTENCES[rule_id](amount, fact_count, numbers)
    except KeyError as error:
        raise LookupError(f"no sentence for {rule_id} with {dict(numbers)}") from error


def points(millipoints: int) -> str:
    """Write millipoints as points, exactly, for example -12.5."""
    sign = "-" if millipoints < 0 else ""
    whole, rest = divmod(abs(millipoints), 1000)
    return f"{sign}{whole}" + (f".{rest:03d}".rstrip("0") if rest else "")


def _base(amount: int, _: int, __: _Numbers) -> tuple[str, str]:
    return f"每户基准分 {points(amount)} 分。", f"Every enterprise starts with {points(amount)} points."


def _age(amount: int, _: int, n: _Numbers) -> tuple[str, str]:
    years, each, cap = n["years"], points(n["age_per_year"]), points(n["age_cap"])
    whole = points(years * n["age_per_year"])
    return (
        f"成立满 {years} 年 × {each} 分 = {whole} 分，以 {cap} 分为限，计 {points(amount)} 分。",
        f"Established for {years} full years: {years} × {each} = {whole}, at most {cap}: {points(amount)} points.",
    )


def _status(amount: int, _: int, __: _Numbers) -> tuple[str, str]:
    return f"经营状态影响：{points(amount)} 分。", f"Operating status: {points(amount)} points."


def _rate(amount: int, count: int, n: _Numbers) -> tuple[str, str]:
    cases, ratio, each = points(n["weighted_cases_milli"]), points(n["ratio_milli"]), points(n["millipoints_per_ratio"])
    orders, prior, peer = n["orders"], n["prior_orders"], n["peer_cases_per_million"]
    ratio_of = f"({cases} + {prior:,} × {peer}/1,000,000) ÷ (({orders:,} + {prior:,}) × {peer}/1,000,000) = {ratio}"
    points_of = f"(1 − {ratio}) × {each} = {points(amount)}"
    zh = (
        f"已受理投诉 {count} 件，按结果、回应、时间与同一投诉人件数加权为 {cases} 件；加权订单 {orders:,} 笔；"
        f"同行每百万单 {peer} 件，先验 {prior:,} 单。投诉率为同行的倍数：{ratio_of}；得分：{points_of} 分。"
    )
    en = (
        f"{count} accepted {'complaint weighs' if count == 1 else 'complaints weigh'} {cases} after outcome, response, age and "
        f"the complainant's number of cases, over {orders:,} weighted orders; peers have {peer} per million orders, and {prior:,} "
        f"prior orders stand at their rate. The rate over the peers': {ratio_of}; points: {points_of}."
    )
    if held := n.get("cases_under_review", 0):
        zh += f"另有 {held} 件集中出现的投诉正在核查，核查前不计分。"
        en += f" {held} more cases came in a burst; they are under review and weigh nothing until it is done."
    return zh, en


def _cap(what_zh: str, what_en: str, limit: str) -> Callable[[int, int, _Numbers], tuple[str, str]]:
    def sentence(amount: int, _: int, n: _Numbers) -> tuple[str, str]:
        cap, lost, back = points(n[limit]), points(n[limit] + amount), points(amount)
        return (
            f"{what_zh}扣分 {lost} 分，以 {cap} 分为限，补回 {lost} − {cap} = {back} 分。",
            f"The loss by {what_en} of {lost} points is capped at {cap}: {lost} − {cap} = {back} points given back.",
        )

    return sentence


def _relief_cap(amount: int, _: int, n: _Numbers) -> tuple[str, str]:
    won, most, moved = points(n["rate_points"]), points(n["rate_points"] + amount), points(amount)
    return (
        f"低投诉率加分 {won} 分，以同规模组的上限 {most} 分为限：{most} − {won} = {moved} 分。",
        f"What a low rate wins, {won} points, is capped at {most} for the peer group of this size: {most} − {won} = {moved} points.",
    )


def _penalty(class_zh: str, class_en: str) -> Callable[[int, int, _Numbers], tuple[str, str]]:
    def sentence(amount: int, count: int, n: _Numbers) -> tuple[str, str]:
        each, total = points(n["millipoints_each"]), points(amount)
        return (
            f"公示期内{class_zh}行政处罚 {count} 件 × {each} 分 = {total} 分。",
            f"{count} {class_en} {'penalty' if count == 1 else 'penalties'} in the publicity period: {count} × {each} = {total} points.",
        )

    return sentence


def _bound(amount: int, _: int, __: _Numbers) -> tuple[str, str]:
    end = 0 if amount > 0 else MAX_MILLIPOINTS
    sum_, edge, moved = points(end - amount), points(end), points(amount)
    return (
        f"各项合计 {sum_} 分，得分限于 0 至 1000 分：{edge} − ({sum_}) = {moved} 分。",
        f"The lines come to {sum_}; a score stays between 0 and 1000: {edge} − ({sum_}) = {moved} points.",
    )


def _override(amount: int, _: int, __: _Numbers) -> tuple[str, str]:
    return (
        f"列入名单，直接判为 D 级：{points(amount)} 分，降至最低一级以上各级的分数线之下。",
        f"Listed: grade D directly, {points(amount)} points, to just below the lowest other grade.",
    )


_SENTENCES: dict[str, Callable[[int, int, _Numbers], tuple[str, str]]] = {
    "base": _base,
    "registration.age": _age,
    "registration.status": _status,
    "complaint.rate": _rate,
    "complaint.relief_cap": _relief_cap,
    "complaint.cap": _cap("投诉", "complaints", "complaint_cap"),
    "penalty.serious": _penalty("严重", "serious"),
    "penalty.ordinary": _penalty("一般", "ordinary"),
    "penalty.minor": _penalty("轻微", "minor"),
    "penalty.cap": _cap("处罚", "penalties", "penalty_cap"),
    "score.bound": _bound,
    "list.override": _override,
}
