"""The legal forms that end a Chinese enterprise's name: everybody has one, so that they tell nobody apart."""

#: Longest first, so that 有限责任公司 is not taken for a name that ends in 公司.
LEGAL_FORMS = tuple(
    sorted(
        (
            "有限责任公司",
            "股份有限公司",
            "有限责任公司分公司",
            "股份有限公司分公司",
            "有限公司分公司",
            "有限公司",
            "股份公司",
            "集团公司",
            "集团有限公司",
            "集团股份有限公司",
            "分公司",
            "总公司",
            "公司",
            "个人独资企业",
            "普通合伙",
            "特殊普通合伙",
            "有限合伙",
            "合伙企业",
            "合伙企业有限合伙",
            "合伙企业普通合伙",
            "个体工商户",
            "农民专业合作社",
            "专业合作社",
            "专业合作社联合社",
            "股份合作公司",
            "经营部",
            "工作室",
            "商行",
        ),
        key=len,
        reverse=True,
    )
)


def core_name(normal: str) -> str:
    """Return a name in normal form without its legal form; the whole name when nothing else would be left."""
    return normal[: len(normal) - _form_length(normal)] or normal


def tells_nothing(pair: str) -> bool:
    """Tell whether a pair of characters stands in legal forms: to look 公司 up costs the most and tells the least."""
    return pair in _FORM_PAIRS


def bigrams(text: str) -> tuple[str, ...]:
    """Return the distinct pairs of neighbouring characters in order; the text itself when it is shorter."""
    pairs = dict.fromkeys(text[i : i + 2] for i in range(len(text) - 1))
    return tuple(pairs) or ((text,) if text else ())


def _form_length(normal: str) -> int:
    return next((len(form) for form in LEGAL_FORMS if normal.endswith(form)), 0)


_FORM_PAIRS = frozenset(pair for form in LEGAL_FORMS for pair in bigrams(form))
