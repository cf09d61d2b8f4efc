"""Names, their legal forms, their pinyin, and what a typed text is taken for."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.common.errors import InvalidInput
from services.common.kernel.legal_form import LEGAL_FORMS, bigrams, core_name
from services.common.kernel.normal_form import normal_form
from services.search.adapters.name_texts import make_texts
from services.search.domain.name_keys import KEYS_VERSION, name_keys
from services.search.domain.pinyin import splits, syllables
from services.search.domain.query import Query, least_matches, parse_query


@pytest.mark.parametrize(
    "written",
    ["贵州（贵阳）ABC公司", "贵州(贵阳)abc公司", "貴州(貴陽)ＡＢＣ公司", " 贵州【贵阳】 A·B·C 公司。"],
)
def test_spellings_of_one_name_have_one_normal_form(written: str) -> None:
    assert normal_form(written) == "贵州贵阳abc公司"


@given(st.text(max_size=60))
def test_a_normal_form_is_stable_and_its_tokens_hold_no_blank(text: str) -> None:
    assert normal_form(normal_form(text)) == normal_form(text)
    keys = name_keys(text)
    tokens = (*keys.grams, *keys.starts, *keys.sounds, *keys.initials, keys.exact, keys.core)
    assert not any(any(map(str.isspace, token)) for token in tokens)


@pytest.mark.parametrize("form", LEGAL_FORMS)
def test_every_legal_form_is_taken_off_whole(form: str) -> None:
    assert core_name(f"贵州优品{form}") == "贵州优品"


def test_a_name_that_is_only_a_legal_form_stays() -> None:
    assert core_name("公司") == "公司"


def test_pairs_of_a_short_text_are_the_text() -> None:
    assert bigrams("") == ()
    assert bigrams("茶") == ("茶",)
    assert bigrams("茶茶茶") == ("茶茶",)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("重庆", "chong qing"),
        ("长沙", "chang sha"),
        ("银行", "yin hang"),
        ("朝阳区", "chao yang qu"),
        ("绿茶", "lv cha"),
        ("a1店", "a 1 dian"),
    ],
)
def test_characters_are_read_as_in_their_word(text: str, read: str) -> None:
    assert syllables(text) == tuple(read.split())


def test_letters_are_read_as_syllables_in_every_likely_way() -> None:
    assert splits("guizhou") == ((("gui",), ("zhou",)),)
    assert {tuple(place[0] for place in way) for way in splits("xian")} == {("xian",), ("xi", "an")}
    assert splits("guizh") == (
        (
            ("gui",),
            (
                "zha",
                "zhai",
                "zhan",
                "zhang",
                "zhao",
                "zhe",
                "zhei",
                "zhen",
                "zheng",
                "zhi",
                "zhong",
                "zhou",
                "zhu",
                "zhua",
                "zhuai",
                "zhuan",
                "zhuang",
                "zhui",
                "zhun",
                "zhuo",
            ),
        ),
    )
    assert splits("lve") == splits("lue")
    assert splits("gzyp") == ()


def test_many_ways_to_read_letters_are_cut_off() -> None:
    assert len(splits("xian" * 20)) <= 8


def test_a_text_is_taken_for_all_that_it_may_be() -> None:
    code = parse_query(" 91520102ma6abcdefg ", field="query")
    assert code.code == "91520102MA6ABCDEFG"
    whole = parse_query(" 91520102ma6000000p", field="query")
    assert (whole, whole.enough) == (Query(code="91520102MA6000000P"), 0), (
        "its check character fits: it is nothing else"
    )
    name = parse_query("58同城", field="query")
    assert (name.code, name.sounds) == ("", ("5'8", "8'tong", "tong'cheng"))
    digits = parse_query("360", field="query")
    assert (digits.code, digits.pairs) == ("360", ("36", "60"))
    letters = parse_query("guizhou", field="query")
    assert (letters.code, letters.spellings) == ("", ((("gui'zhou",),),))


def test_legal_forms_tell_nothing_unless_nothing_else_is_typed() -> None:
    assert parse_query("优品商贸有限公司", field="query").telling == ("优品", "品商", "商贸", "贸有")
    assert parse_query("有限公司", field="query").telling == ("有限", "限公", "公司")


def test_sixty_percent_of_the_pairs_make_a_name_alike() -> None:
    assert [least_matches(n) for n in (1, 2, 3, 5, 10)] == [1, 1, 1, 3, 6]


@pytest.mark.parametrize("typed", ["", "  ", "（）", "。", "名" * 101])
def test_what_cannot_be_searched_is_refused_by_field(typed: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_query(typed, field="prefix")
    assert [v.field for v in refused.value.violations] == ["prefix"]


def test_whoever_changes_the_keys_of_a_name_raises_their_version() -> None:
    """Keys are kept by version (adapters/name_texts.py): other keys under the same version would never be found."""
    names = ("贵州优品电子商务有限公司", "重庆长安银行", "ABC（貴陽）二十四小时店", "遵义乐业农民专业合作社")
    digest = hashlib.sha256("".join(map(make_texts, names)).encode()).hexdigest()[:16]
    assert (KEYS_VERSION, digest) == (1, "3d16f49348cf5fa4")
