"""Regions of GB/T 2260: the prefectures of Guizhou by code and name, and what a code says without a table."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Region:
    """A region: its six-digit code, Chinese name, short name, and English name."""

    code: str
    name: str
    short_name: str
    english: str


GUIZHOU = Region("520000", "贵州省", "贵州", "Guizhou")
#: GB/T 2260, and 520900 for 贵安新区, which issues codes although the standard has none for it.
PREFECTURES = (
    Region("520100", "贵阳市", "贵阳", "Guiyang"),
    Region("520200", "六盘水市", "六盘水", "Liupanshui"),
    Region("520300", "遵义市", "遵义", "Zunyi"),
    Region("520400", "安顺市", "安顺", "Anshun"),
    Region("520500", "毕节市", "毕节", "Bijie"),
    Region("520600", "铜仁市", "铜仁", "Tongren"),
    Region("520900", "贵安新区", "贵安", "Gui'an New Area"),
    Region("522300", "黔西南布依族苗族自治州", "黔西南", "Qianxinan"),
    Region("522600", "黔东南苗族侗族自治州", "黔东南", "Qiandongnan"),
    Region("522700", "黔南布依族苗族自治州", "黔南", "Qiannan"),
)
_BY_CODE = {region.code: region for region in (GUIZHOU, *PREFECTURES)}
#: Longest first, so that 黔东南 is not taken for 黔南 and 贵安 not for a part of another name.
_BY_LENGTH = sorted(PREFECTURES, key=lambda region: -len(region.short_name))
#: Codes abolished in 1997 to 2011 whose area is today's prefecture.
_SUCCESSORS = {"522100": "520300", "522200": "520600", "522400": "520500", "522500": "520400"}


def lookup(code: str) -> Region | None:
    """Return the prefecture, or the province, that a region code lies in; None outside Guizhou."""
    prefecture = f"{code[:4]}00"
    return _BY_CODE.get(_SUCCESSORS.get(prefecture, prefecture))


def by_name(text: str) -> Region | None:
    """Return the prefecture that a text such as 贵阳 or an address names; None when it names none."""
    return next((region for region in _BY_LENGTH if region.short_name in text), None)
