"""What complaints can cost at most: the bound of a policy, in all and for a number of complainants."""

from services.credit.domain.policy import Policy


def most_lost(policy: Policy, *, complainants: int, orders: int) -> int:
    """Return the most millipoints that so many complainants can cost, over so many orders that still count (decayed).

    All cases of one complainant weigh together at most `bound_cases_milli`; what that adds to the rate is at most so much
    of the peers', and each whole peer rate costs the slope, or below it the relief. The last thousandth of the rate and
    of the points are given away to rounding. Held months of the merchant's own cases are not counted: see the decision page.
    """
    weighed = complainants * (policy.bound_cases_milli + 1)
    ratio_milli = weighed * 1_000_000 // ((orders + policy.prior_orders) * policy.peer_per_million) + 1
    steepest = max(policy.slope, policy.relief)
    return min(policy.bound, ratio_milli * steepest // 1000 + 1)
