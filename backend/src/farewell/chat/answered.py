"""What a customer has answered so far, for people: when they ask, and when a talk is taken up."""

from __future__ import annotations

from farewell.accounts.snapshot import NumberView
from farewell.accounts.tables import Account
from farewell.closing.case import open_case_of
from farewell.closing.tables import Answer, ClosingCase
from farewell.facts import Phrase, Statement, VendorWords
from farewell.work import Work


def answers_of(work: Work, case: ClosingCase) -> list[Phrase]:
    """One line an answer, in the order in which they were given."""
    lines = [_line(work, case, given) for given in case.answers]
    return [*lines, Phrase("answered.skip_ahead", {})] if case.skip_ahead else lines


def _line(work: Work, case: ClosingCase, given: Answer) -> Phrase:
    if given.code == "exit_reason":
        return _reason(work, case)
    if given.subject:
        accounts = (case.account, *case.account.children)
        labels = {n.e164: n.label for account in accounts for n in account.numbers}
        number = NumberView(given.subject, labels.get(given.subject), None)
        return Phrase(f"answered.{given.code}.{given.value}", {"number": number.phrase()})
    if given.code == "alternatives" and given.value != "decline":
        offers = work.kind(case.account).alternatives.offers
        title = next(VendorWords(o.title) for o in offers if o.code == given.value)
        return Phrase("answered.alternatives.taken", {"title": title})
    return Phrase(f"answered.{given.code}.{given.value}", {})


def _reason(work: Work, case: ClosingCase) -> Phrase:
    if case.reason_code:
        choices = work.policy(case.account).exit_reasons.choices
        titles = {str(choice.code): VendorWords(choice.title) for choice in choices}
        named = titles.get(case.reason_code) or Phrase(f"reason.{case.reason_code}", {})
        return Phrase("answered.exit_reason", {"reason": named})
    if case.reason_words:
        return Phrase("answered.exit_reason.words", {"words": case.reason_words})
    return Phrase("answered.exit_reason.skip", {})


def answers_told(work: Work, account: Account) -> list[Statement]:
    """What was answered in the closing of an account, and how to change it."""
    case = open_case_of(work, account)
    given = answers_of(work, case) if case else []
    if not given:
        return [Statement("nothing_answered", {})]
    return [Statement("answered_so_far", {"answers": given})]
