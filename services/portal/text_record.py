"""The sentences of the record page and of the pages that say what went wrong, in the two languages."""

RECORD: dict[str, tuple[str, str]] = {
    "copy": ("复制代码", "Copy code"),
    "copied": ("已复制", "Copied"),
    "print": ("打印", "Print"),
    "json": ("数据 (JSON)", "Data (JSON)"),
    "gauge": (
        "得分 {score}，满分 1000，等级 {grade}",
        "Score {score} out of 1000, grade {grade}",
    ),
    "buffered": (
        "得分所在区间为 {band} 级；等级为 {grade}，因为临近分界线 10 分以内的升降要到下月才确认。",
        (
            "The score lies in the band of {band}; the grade is {grade}, because a move within 10 points of a border is "
            "confirmed only at the turn of a month."
        ),
    ),
    "registration": ("登记信息", "Registration"),
    "registry_silent": (
        "登记系统暂时没有应答，注册资本等信息未能显示。",
        "The register does not answer at the moment; its capital and dates are not shown.",
    ),
    "type": ("企业类型", "Type"),
    "established": ("成立日期", "Established"),
    "status_since": ("状态起始", "Status since"),
    "capital": ("注册资本", "Registered capital"),
    "address": ("住所", "Address"),
    "scope": ("经营范围", "Business scope"),
    "why": ("得分从哪里来", "Where the score comes from"),
    "why_lede": (
        "每一行是一条规则的结果。条形从上一行的累计分开始，各行相加，一分不差。",
        (
            "Each line is the outcome of one rule. A bar starts where the line above ended; together they make the score, "
            "to the last point."
        ),
    ),
    "basis": ("依据", "Basis"),
    "changes_on": ("{day} 起变化", "Changes on {day}"),
    "facts_behind": ("{count} 件事实", "{count} facts"),
    "running": ("累计 {total}", "sum {total}"),
    "evidence": ("核验信息", "Evidence"),
    "evidence_note": (
        "最近 {shown} 件（共 {count} 件）的编号；摘要涵盖全部。",
        "Ids of the newest {shown} of {count}; the digest covers all.",
    ),
    "digest": ("摘要", "Digest"),
    "total": ("合计得分", "Total score"),
    "adds_up": ("加起来", "Adding up"),
    "timeline": ("公示事项", "Published facts"),
    "timeline_lede": (
        "依法公示的投诉与行政处罚，新的在前；公示期满即撤下。",
        "Complaints and penalties that the law publishes, newest first; each is taken down when its period ends.",
    ),
    "timeline_earlier": ("更早的 {count} 件", "{count} earlier ones"),
    "timeline_none": ("目前没有依法公示的投诉或行政处罚。", "No complaint or penalty is published at present."),
    "shown_until": ("公示至 {day}", "Shown until {day}"),
    "shown_always": ("长期公示", "Shown without end"),
    "unrated": ("为什么没有等级", "Why there is no grade"),
    "unrated_note": (
        "“NR”表示暂不评级，不是差评，也不影响正常经营。",
        "NR means not rated: it is no bad mark and no bar to trading.",
    ),
    "unrated_status": (
        "该企业的登记状态为“{status}”，不参加信用评价。",
        "The enterprise's status is “{status}”; it takes no part in the rating.",
    ),
    "hit_merged": ("已并入 {code}", "Merged into {code}"),
    "split": ("分立", "Split"),
    "split_from": (
        "由 {code} 分立（{day}），此前的信用事项一并计入",
        "Split off from {code} ({day}); what was before counts here too",
    ),
    "split_into": ("分立出 {code}", "{code} was split off from it"),
    "merged_from": ("已并入", "Merged into it"),
    "unrated_merged": (
        "该企业已并入 {name}（{code}），其信用事项由该企业承继，请查询该企业的记录。",
        "The enterprise was merged into {name} ({code}), whose record carries its facts: look there.",
    ),
    "unrated_unknown": (
        "收到过与该代码有关的信息，但尚未收到其登记信息。登记信息到达后即可评级。",
        "Something was reported about this code, but its registration has not arrived. It can be rated once it has.",
    ),
    "unrated_undated": (
        "登记信息中没有成立日期，也没有订单数据，暂时无法评级。",
        "The registration has no day of establishment and no orders are reported, so it cannot be rated yet.",
    ),
    "unrated_new": (
        "该企业成立不久，也没有可用的订单数据，满观察期或有订单数据后评级。",
        "The enterprise is new and has no reported orders; it is rated after its first months or once orders are reported.",
    ),
    "made": ("本记录", "About this record"),
    "made_day": ("评价日", "Computed for"),
    "made_at": ("计算时间", "Computed at"),
    "made_policy": ("规则版本", "Rules"),
    "made_revision": ("修订号", "Revision"),
    "made_good_until": ("下次变化日", "Next change on"),
    "beijing": ("{moment}（北京时间）", "{moment} (Beijing time)"),
    "overdue": (
        "本记录应于 {day} 更新，系统正在重算；期满的公示事项已不再显示。",
        "This record was due for an update on {day} and is being recomputed; facts whose period has ended are no longer shown.",
    ),
    "under_review": (
        "{cases} 件投诉集中出现，正在核查；核查前不计分。",
        "{cases} complaints came in a burst and are under review; until it is done they weigh nothing.",
    ),
    "objection": (
        "对记录有异议的，企业可凭统一社会信用代码向登记地市场监督管理部门提出。",
        "An enterprise that disagrees with its record can turn to the market regulator where it is registered.",
    ),
    # what went wrong
    "error_code": ("这不是有效的统一社会信用代码", "This is no valid credit code"),
    "error_code_help": (
        "代码共 18 位，印在营业执照右上角。请对照执照逐位核对，或改用名称查询。",
        (
            "The code has 18 characters and stands at the top of the business licence. Compare it character by character, "
            "or search by name instead."
        ),
    ),
    "error_unknown": ("没有收录这个代码", "This code is not on record"),
    "error_unknown_help": (
        "代码本身有效，但尚未收录该企业：可能不是电子商务经营者，或登记信息还未送达。",
        (
            "The code itself is valid, but the enterprise is not on record: it may not trade online, or its registration has "
            "not arrived yet."
        ),
    ),
    "error_page": ("没有这个页面", "There is no such page"),
    "error_page_help": (
        "地址可能写错了。可以从下面重新查询。",
        "The address may be mistyped. You can search again below.",
    ),
    "error_request": ("这个请求看不懂", "The request cannot be understood"),
    "error_token": ("这一页已经失效", "This page of results has expired"),
    "error_token_help": (
        "翻页标记不属于本次查询，请从第一页重新开始。",
        "The page mark does not belong to this search. Please start again from the first page.",
    ),
    "error_busy": ("查询太频繁了", "Too many requests"),
    "error_busy_help": ("请稍等片刻再试。", "Please wait a moment and try again."),
    "error_down": ("服务暂时不可用", "The service is temporarily unavailable"),
    "error_down_help": (
        "后台系统没有应答，数据并未丢失。请一分钟后重试。",
        "A system behind this page does not answer; nothing is lost. Please try again in a minute.",
    ),
    "error_defect": ("出了点问题", "Something went wrong"),
    "error_defect_help": (
        "这是我们的问题，已经记录下来。请稍后再试。",
        "The fault is ours and has been recorded. Please try again later.",
    ),
    "error_number": ("编号 {id}", "Reference {id}"),
    "retry": ("重试", "Try again"),
    "typed": ("你输入的是", "You typed"),
}
