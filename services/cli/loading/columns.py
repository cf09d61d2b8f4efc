"""Which field a column fills: by our name, by an alias that extracts use, or as the caller maps it."""

from collections.abc import Iterable, Mapping, Sequence

from services.common.errors import invalid

#: Fields by kind of file with the other names that registries, gazettes and standards give them (domain.md section 6).
CREDIT_CODE = ("uscc", "统一社会信用代码", "信用代码", "社会信用代码", "CF_XDR_SHXYM")
REGISTRY = {
    "credit_code": CREDIT_CODE,
    "name": ("企业名称", "名称", "市场主体名称", "enterprise_name"),
    "enterprise_type": ("type", "企业类型", "类型", "市场主体类型"),
    "capital": ("注册资本", "registered_capital"),
    "registered_capital_fen": (),
    "capital_currency": ("币种",),
    "province": ("省份", "所属省份"),
    "city": ("城市", "所属城市", "市州"),
    "region_code": ("行政区划代码",),
    "address": ("住所", "地址", "注册地址"),
    "business_scope": ("scope", "经营范围"),
    "established_on": ("reg_date", "成立日期", "注册日期"),
    "status": ("登记状态", "经营状态", "operating_status"),
    "status_since": ("状态日期",),
}
ENVELOPE = {"id": ("event_id",), "source": ("来源",), "time": ("来源时间",)}
COMPLAINT = ENVELOPE | {
    "case_id": ("案件编号", "投诉编号", "登记编号"),
    "credit_code": (*CREDIT_CODE, "被投诉人信用代码"),
    "kind": ("类别", "诉求类型"),
    "status": ("处理状态", "处理结果"),
    "received_on": ("登记时间", "接收日期", "收到日期"),
    "status_on": ("状态日期", "办结日期"),
    "response": ("商家回应",),
    "problem_type": ("投诉问题", "问题类型"),
    "platform_code": ("平台",),
    "complainant_pseudonym": (),
    "sealed_details": (),
    "disputed_amount_fen": (),
    "disputed_amount_yuan": ("涉及金额", "争议金额(元)"),
}
#: A row is a step of a case, an answer of the merchant, or both; the columns of a complaint tell whose case it is.
CASE = COMPLAINT | {
    "status": ("step", *COMPLAINT["status"], "办理环节", "步骤"),
    "status_on": ("day", *COMPLAINT["status_on"], "办理日期"),
    "case_source": ("案件来源",),
    "handling_office": ("office", "处理机关", "承办单位"),
    "reason_code": ("reason", "原因代码", "原因"),
    "target": ("移送机关", "并入案件"),
    "answer": ("商家答复",),
    "public_statement": ("公开说明",),
    "right_credit_code": ("实际经营者信用代码",),
    "check_extended_on": ("延期核查日期",),
}
VIOLATION = ENVELOPE | {
    "document_number": ("CF_WSH", "文号", "行政处罚决定书文号"),
    "credit_code": CREDIT_CODE,
    "name": ("CF_XDR_MC", "行政相对人名称"),
    "party_kind": ("CF_XDR_LB", "行政相对人类别"),
    "penalty_kind": ("CF_CFLB", "CF_CFLB1", "处罚类别", "处罚类别1"),
    "second_kind": ("CF_CFLB2", "处罚类别2"),
    "severity": ("失信等级", "严重程度"),
    "fine_fen": (),
    "fine_yuan": ("罚款金额(元)",),
    "fine_wan_yuan": ("CF_NR_FK", "罚款金额(万元)", "罚款金额（万元）"),
    "confiscated_fen": (),
    "confiscated_yuan": ("没收金额(元)",),
    "confiscated_wan_yuan": ("CF_NR_WFFF", "没收金额(万元)", "没收金额（万元）"),
    "decided_on": ("CF_JDRQ", "处罚决定日期"),
    "conduct_type": ("CF_WFXW", "CF_CFMC", "违法行为类型", "处罚名称"),
    "result": ("CF_JG", "处罚结果"),
    "legal_basis": ("CF_YJ", "处罚依据"),
    "authority_name": ("CF_CFJG", "CF_XZJG", "处罚机关"),
    "authority_code": ("CF_CFJGDM", "处罚机关统一社会信用代码"),
    "state": ("状态",),
    "form_state": ("CF_ZT", "当前状态"),
    "form_time": ("SJC", "数据更新时间戳"),
    "remark": ("BZ", "备注"),
}
VOLUME = ENVELOPE | {
    "credit_code": CREDIT_CODE,
    "platform_code": ("平台",),
    "month": ("月份",),
    "orders": ("订单数", "订单量"),
    "amount_fen": (),
    "amount_yuan": ("交易额(元)",),
}
FEEDBACK = ENVELOPE | {
    "department": ("部门", "实施单位"),
    "number": ("指令序号",),
    "directive_id": ("指令编号",),
    "kind": ("反馈", "反馈类型"),
    "decline_reason": ("不执行原因",),
    "result": ("反馈结果", "结果"),
    "document_number": ("文号",),
    "occurred_time": ("办理时间", "反馈时间"),
}
Aliases = Mapping[str, tuple[str, ...]]


class _Names(dict[str, str | None]):
    """Column names to fields; each spelling is folded once, since every row repeats it."""

    def __init__(self, known: Mapping[str, str]) -> None:
        super().__init__()
        self._known = known

    def __missing__(self, name: str) -> str | None:
        field = self[name] = self._known.get(_folded(name))
        return field


class Columns:
    """Renames the columns of a file to our fields; columns that no field knows are left out."""

    def __init__(self, aliases: Aliases, mapped: Iterable[str] = ()) -> None:
        known = {_folded(other): field for field, names in aliases.items() for other in (field, *names)}
        self._names = _Names(known | {_folded(column): field for column, field in _pairs(mapped, aliases)})

    def rename(self, fields: Mapping[str, object]) -> dict[str, str]:
        """Return the values by our fields, as text without outer blanks; an absent value is empty."""
        names = self._names
        return {field: _text(value) for name, value in fields.items() if (field := names[name]) is not None}

    def field(self, name: str) -> str | None:
        """Return the field that a column fills; None when no field knows it."""
        return self._names[name]

    def check(self, header: Sequence[str] | None, required: Sequence[str]) -> None:
        """Raise InvalidInput when a CSV file's header gives no column for a field that every row needs."""
        if header is None:
            return
        found = {self.field(name) for name in header}
        missing = [field for field in required if field not in found]
        if missing:
            description = f"no column for {', '.join(missing)} among {', '.join(header)[:200]}: add --map COLUMN=FIELD"
            raise invalid("FILE", description)


def _pairs(mapped: Iterable[str], aliases: Aliases) -> Iterable[tuple[str, str]]:
    for text in mapped:
        column, _, field = text.rpartition("=")
        if not column or field not in aliases:
            raise invalid("--map", f"{text!r}: write COLUMN=FIELD with a field of {', '.join(aliases)}")
        yield column, field


def _folded(name: str) -> str:
    return name.strip().casefold()


def _text(value: object) -> str:
    return "" if value is None else str(value).strip()
