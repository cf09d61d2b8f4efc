"""Takes personal data out of texts before the public reads them (个人信息保护法 arts. 6, 25, 26, 28; Order 20 art. 33).

Whoever publishes a consumer's or merchant's words calls `redact`; whoever may refuse them asks `kinds_in`. What is found by
form alone errs towards taking out too much: a lost order number harms less than a published telephone number.
"""

import re
import unicodedata
from itertools import pairwise

_MASK = "■■■"
_DIGIT_GAP = r"[-\s._]?"
_SURNAMES = (
    "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜戚谢邹喻柏水窦章云苏潘葛奚范彭郎鲁韦昌马苗凤花方俞任袁柳酆鲍史唐费廉岑薛雷贺倪汤"
    "滕殷罗毕郝邬安常乐于时傅皮卞齐康伍余元卜顾孟平黄和穆萧尹姚邵湛汪祁毛禹狄米贝明臧计伏成戴谈宋茅庞熊纪舒屈项祝董梁杜阮蓝闵席季麻强贾路娄危江童颜郭"
    "梅盛林刁钟徐邱骆高夏蔡田樊胡凌霍虞万支柯昝管卢莫经房裘缪干解应宗丁宣邓郁单杭洪包诸左石崔吉钮龚程嵇邢裴陆荣翁荀羊甄曲家封储靳焦牧隗山谷车侯宓蓬全郗"
    "班仰秋仲伊宫宁仇栾甘厉祖武符刘景詹束龙叶幸司韶黎薄印宿白怀蒲从鄂索赖卓屠蒙池乔阴胥苍闻莘党翟谭贡劳姬申扶堵冉宰桑桂濮牛寿通边扈燕冀尚农温别庄晏柴瞿"
    "阎慕连茹习宦艾鱼容向古易慎戈廖庾终步耿满弘匡国文寇广禄阙东欧殳沃利蔚越夔隆师巩厍聂晁勾敖融冷辛阚那简饶曾关蒯相查荆红游竺权逯盖益桓公肖涂岳代"
)
_NAME = rf"(?:欧阳|司马|上官|诸葛|东方|皇甫|尉迟|公孙|慕容|令狐|[{_SURNAMES}])[\u4e00-\u9fff·]{{1,3}}?"
_NAME_END = r"(?=[,，.。;；:：!！?？、\s()（）]|电话|手机|身份|住|地址|的|在|于|是|要求|投诉|先生|女士|$)"
#: A character of a place; the words that lead up to one are none.
_PLACE = r"(?:(?![我你他她住在到于是寄送发的址为])[\u4e00-\u9fff0-9])"
_HOUSE = r"[0-9A-Za-z一二三四五六七八九十百-]{1,8}\s*(?:号院?|弄|栋|幢|座|单元|楼|层|室|组|户)"
_PLATE_TAIL = r"(?:[A-HJ-NP-Z0-9]{5,6}|[A-HJ-NP-Z0-9]{4}[挂学警港澳])"
_PLATE_PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"

_Rule = tuple[str, re.Pattern[str]]


def _spread(count: int) -> str:
    return rf"(?:\d{_DIGIT_GAP}){{{count}}}"


#: What a rule takes out is its group `it`; the longest numbers come first, so that no part of one is left.
_RULES: tuple[_Rule, ...] = (
    ("an e-mail address", re.compile(r"(?P<it>[\w.+-]+@[\w-]+(?:\.[\w-]+)+)")),
    ("a WeChat or QQ id", re.compile(
        r"(?:微信号?|wechat|weixin|[vV]信|薇信|威信|(?<![A-Za-z])wx|(?<![A-Za-z])vx|QQ号?|扣扣|企鹅号?)\s*(?:号码?|id)?\s*(?:是|为|[:：]|=)?\s*(?P<it>[A-Za-z0-9][A-Za-z0-9_-]{4,19})",
        re.IGNORECASE)),
    ("an identity card number", re.compile(
        rf"(?<![0-9A-Za-z])(?P<it>[1-9]{_DIGIT_GAP}{_spread(5)}(?:1{_DIGIT_GAP}9|2{_DIGIT_GAP}0){_DIGIT_GAP}{_spread(2)}[01]{_DIGIT_GAP}\d{_DIGIT_GAP}[0-3]{_DIGIT_GAP}{_spread(4)}[0-9Xx])(?![0-9A-Za-z])")),
    ("a bank card number", re.compile(rf"(?<![0-9A-Za-z])(?P<it>[3-9]{_DIGIT_GAP}{_spread(14)}(?:{_spread(1)}){{0,3}}\d)(?![0-9A-Za-z])")),
    ("a passport number", re.compile(r"(?<![0-9A-Za-z])(?P<it>[EGDPHM]\d{8}|E[A-Z]\d{7})(?![0-9A-Za-z])")),
    ("a telephone number", re.compile(
        rf"(?<!\d)(?P<it>(?:\+?86[-\s]?)?1{_DIGIT_GAP}[3-9]{_DIGIT_GAP}{_spread(8)}\d|\(?0\d{{2,3}}\)?[-\s]?\d{{7,8}}(?:-\d{{1,6}})?)(?!\d)")),
    ("a number plate", re.compile(rf"(?P<it>[{_PLATE_PROVINCES}][A-HJ-NP-Z][·•\s-]?{_PLATE_TAIL})(?![A-Z0-9])")),
    ("an address", re.compile(
        rf"(?P<it>{_PLACE}{{1,30}}?(?:路|街|巷|弄|大道|胡同|村|组|小区|花园|公寓|苑|城|里)\s*{_HOUSE}(?:[\s,，-]*{_HOUSE})*(?:[\s-]*\d{{3,4}}(?!\d))?)")),
    ("a name", re.compile(
        rf"(?:我叫|我是|本人|姓名|名字叫?|联系人|收货人|收件人|投诉人|消费者|机主|户名|当事人|寄件人|经办人)(?:是|为|叫|[:：])?\s*(?P<it>{_NAME}){_NAME_END}")),
    ("a name", re.compile(rf"(?P<it>[{_SURNAMES}][\u4e00-\u9fff]{{0,2}}?)(?=先生|女士|小姐|阿姨|师傅|大姐|大哥|老师)")),
)  # fmt: skip


def redact(text: str) -> str:
    """Return a text in NFKC form with each piece of personal data as three blocks; redacting again changes nothing."""
    plain = unicodedata.normalize("NFKC", text)
    spans = _spans(plain)
    edges = [0, *(edge for span in spans for edge in span), len(plain)]
    kept = [plain[start:end] for start, end in list(pairwise(edges))[::2]]
    return _MASK.join(kept)


def kinds_in(text: str) -> frozenset[str]:
    """Name the kinds of personal data that a text holds; empty when none is found."""
    plain = unicodedata.normalize("NFKC", text)
    return frozenset(kind for kind, pattern in _RULES if _found(pattern, plain))


def _found(pattern: re.Pattern[str], plain: str) -> list[tuple[int, int]]:
    return [match.span("it") for match in pattern.finditer(plain)]


def _spans(plain: str) -> list[tuple[int, int]]:
    """Return what goes out, in order, with what overlaps or touches joined."""
    joined: list[tuple[int, int]] = []
    for start, end in sorted(span for _, pattern in _RULES for span in _found(pattern, plain)):
        if joined and start <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(end, joined[-1][1])
        else:
            joined.append((start, end))
    return joined
