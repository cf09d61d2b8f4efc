"""Every number of the generator, each with whence it comes: a section of the domain facts, or said to be an assumption."""

# --- How much there is (domain.md section 11) -----------------------------------------------------------------------
#: 投诉 that Guizhou's 12315 received in 2025.
DISPUTES_PER_YEAR = 190_400
#: 举报 that Guizhou's 12315 received in 2025.
LEADS_PER_YEAR = 44_600
#: Penalties a year in Guizhou: 20,000 to 40,000 (an assumption there; the middle).
PENALTIES_PER_YEAR = 30_000
#: Online shopping among accepted cases, national platform, Q1 to Q3 2020.
ONLINE_SHARE = 0.3185
LEAD_SHARE = LEADS_PER_YEAR / (DISPUTES_PER_YEAR + LEADS_PER_YEAR)
#: Online cases of a year in Guizhou, the measure of what is generated: about 75,000.
ONLINE_CASES_PER_YEAR = (DISPUTES_PER_YEAR + LEADS_PER_YEAR) * ONLINE_SHARE
#: Penalties per case: taken to be the same online as in all trades.
PENALTIES_PER_CASE = PENALTIES_PER_YEAR / (DISPUTES_PER_YEAR + LEADS_PER_YEAR)

# --- How merchants differ (assumptions unless said) -----------------------------------------------------------------
#: Orders by rank fall as 1/rank (Zipf's law): the brief of the generator.
ZIPF_EXPONENT = 1.0
#: Accepted weighted cases per million orders of the median merchant: the peer rate of policy 2026-1.
WEIGHTED_CASES_PER_MILLION = 500
#: Policy 2026-1: what a case weighs by outcome and by response; a test compares them with the policy file.
OUTCOME_WEIGHTS = {"ACCEPTED": 0.7, "AGREED": 0.4, "TERMINATED": 1.0}
RESPONSE_WEIGHTS = {"UNSPECIFIED": 1.0, "IN_TIME": 0.8, "LATE": 1.1, "NONE": 1.4}
#: Shape of the gamma distribution of complaint rates: a few merchants are several times worse than the median.
QUALITY_SHAPE = 2.0
#: The median of a gamma distribution of that shape, in units of its scale (tabulated value).
QUALITY_MEDIAN = 1.6783
#: Beta distribution of the share of cases that a merchant answers in time; mean 0.75.
IN_TIME_BETA = (6.0, 2.0)
#: Of the cases not answered in time, the share answered late; the rest are never answered.
LATE_AMONG_THE_REST = 0.6
#: How many of the three platforms a merchant sells on: 1, 2, 3; and how the orders split.
PLATFORM_COUNT_SHARES = (0.6, 0.3, 0.1)
PLATFORM_SPLITS = ((1.0, 0.0, 0.0), (0.7, 0.3, 0.0), (0.6, 0.3, 0.1))
PLATFORMS = ("p1", "p2", "p3")
#: Basket in fen: log-normal, median 80 yuan.
BASKET_MEDIAN_FEN = 8_000
BASKET_SIGMA = 0.7
#: Spread of a merchant's orders from month to month (log-normal).
ORDERS_SIGMA = 0.3

# --- Seasons --------------------------------------------------------------------------------------------------------
#: Orders by month, January first: 6-18 lifts June, 11-11 November, 12-12 December, Spring Festival lowers February.
MONTH_FACTORS = (0.95, 0.70, 0.95, 0.90, 1.00, 1.30, 0.90, 0.90, 1.00, 1.00, 1.60, 1.25)
#: Complaints by weekday, Monday first: people write on working days.
WEEKDAY_FACTORS = (1.15, 1.10, 1.10, 1.05, 1.05, 0.80, 0.75)
#: Days of more complaints, as (month, first day, last day, factor); domain.md section 11 names 15 March and 11 to 12 November.
PEAKS = ((3, 15, 16, 4.0), (6, 18, 24, 2.0), (11, 11, 12, 4.0), (11, 13, 20, 2.5), (12, 12, 18, 1.8))
#: A merchant's chance of a bad week in a month, and how much more it is complained about then.
BURST_PROBABILITY = 0.01
BURST_FACTORS = (5.0, 15.0)
BURST_DAYS = 6
#: Of the month's cases of a merchant with a bad week, those received in it.
BURST_SHARE = 0.8

# --- The life of a case (domain.md section 5) -----------------------------------------------------------------------
#: Of received cases, those refused (Order 20 art. 15); an assumption.
REFUSED_SHARE = 0.15
#: Of accepted disputes, those withdrawn (Order 20 art. 21); an assumption.
WITHDRAWN_SHARE = 0.05
#: Mediation success, Taizhou 2024.
AGREED_SHARE = 0.6602
#: How concentrated merchants are around the mean success (sum of the beta distribution's parameters); an assumption.
AGREED_CONCENTRATION = 10.0
#: Accept or refuse within 7 working days (Order 20 art. 14), in calendar days.
DECISION_DAYS = 9
#: Mediation ends within 45 working days (Order 20 art. 21): gamma(2, 12) calendar days, at most 63.
MEDIATION_SHAPE = 2.0
MEDIATION_SCALE_DAYS = 12.0
MEDIATION_MAX_DAYS = 63
#: Cases told by 12315; platforms tell the others. Domain.md section 5 (Taizhou: platform and hotline are 89 %); an assumption.
SHARE_OF_12315 = 0.75
#: 质量, 售后, 虚假宣传, 合同, 价格, 安全, 假冒, other: the types of domain.md section 5, shares assumed.
PROBLEM_SHARES = (0.30, 0.25, 0.13, 0.12, 0.07, 0.04, 0.04, 0.05)
#: In a bad week a batch of goods is at fault.
BURST_PROBLEM = "PROBLEM_TYPE_QUALITY"
#: Amount in dispute: log-normal, median 180 yuan.
DISPUTED_MEDIAN_FEN = 18_000
DISPUTED_SIGMA = 1.2
#: Complainants a month, as a share of its cases: some complain more than once.
COMPLAINANTS_PER_CASE = 0.9

# --- Penalties (domain.md section 6) --------------------------------------------------------------------------------
#: 轻微, 一般, 严重 (NDRC Order 36); shares assumed.
SEVERITY_SHARES = (0.35, 0.50, 0.15)
#: Median fine in fen by severity: summary procedure ends at 3,000 yuan (Administrative Penalty Law art. 51), ordinary
#: E-Commerce Law fines at 10,000 (art. 76), serious ones run from 20,000 to 500,000 (art. 81).
FINE_MEDIANS_FEN = (80_000, 500_000, 6_000_000)
FINE_CEILINGS_FEN = (300_000, 1_000_000, 50_000_000)
FINE_SIGMA = 0.6
#: Of minor penalties, those that are a warning only.
WARNING_SHARE = 0.6
#: Of ordinary and serious ones, those with a confiscation too.
CONFISCATION_SHARE = 0.3
#: Decisions told within 20 working days (Order 45); calendar days here.
TELLING_DAYS = 20
#: Decisions revoked or changed later (Administrative Penalty Law art. 48); an assumption.
REVOKED_SHARE = 0.01
REVOKED_AFTER_DAYS = 60

# --- How events arrive (assumptions) --------------------------------------------------------------------------------
#: Share of the events that are volumes; the number of months follows from it.
VOLUME_SHARE = 0.45
MAX_MONTHS = 36
#: Volume reports that are corrected a few days later.
CORRECTED_SHARE = 0.02
#: Events that arrive days late, and how many days on average.
LATE_SHARE = 0.03
LATE_MEAN_DAYS = 5.0
#: Usual delay in seconds, on average: enough to swap neighbours.
USUAL_DELAY_SECONDS = 300.0
#: A repeated delivery comes so many days later on average.
REPEAT_MEAN_DAYS = 1.5

SOURCE_12315 = "//12315.guizhou.example"
SOURCE_ENFORCEMENT = "//enforcement.guizhou.example"
SOURCE_PLATFORM = "//platform.example/{code}"
