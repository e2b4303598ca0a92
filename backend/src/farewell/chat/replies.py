"""What a customer answers: to a requirement of the case, to the confirmation, to an offer."""

from __future__ import annotations

from farewell.accounts.tables import Account
from farewell.billing.money import Money
from farewell.billing.quote import unpaid_that_blocks
from farewell.chat import reasons
from farewell.chat.answers import ABOUT_ACCOUNT, closed_already, export_ready
from farewell.chat.leading import candidates
from farewell.chat.naming import number_named
from farewell.chat.plain import CONFIRMATIONS, YES, gives_up, is_bare_wish
from farewell.chat.speaker import actor_of, case_of, person_of
from farewell.chat.tables import Conversation
from farewell.chat.wishes import WISHES, Said, question, take_account, take_vendor, wish
from farewell.closing import case as cases
from farewell.closing import statements
from farewell.closing.confirm import close_after_port, confirm
from farewell.closing.tables import ClosingCase
from farewell.desk.handover import hand_over
from farewell.errors import Problem
from farewell.facts import Moment, Statement, VendorWords, from_json
from farewell.lifecycle.exports import latest_export, make_export, still_readable
from farewell.lifecycle.reactivation import reactivate, restorable_numbers, restore_numbers
from farewell.policy.model import REASON_CODES, ReasonCode
from farewell.work import Work


def _opened(work: Work, conversation: Conversation, text: str) -> tuple[Said, ClosingCase | None]:
    """The case that an answer belongs to; opens one where the customer is ahead of us."""
    case = case_of(work, conversation)
    if case is not None:
        conversation.topic = "closing"
        return [], case
    said = wish(work, conversation, "closing", text)
    return said, case_of(work, conversation)


def answer(
    work: Work,
    conversation: Conversation,
    code: str,
    value: str,
    text: str | None = None,
    reason: ReasonCode | None = None,
) -> Said:
    """The customer answers a requirement, asked or not. `text` names a number or gives words;
    `reason` is what they are about where they tell why the customer leaves."""
    if (code, value) == ("data_export", "export") and case_of(work, conversation) is None:
        return _export_alone(work, conversation, text or "")
    if conversation.topic in COMING_BACK:  # an account is wanted back, and nothing is being closed
        return question(work, conversation, "numbers") if code == "keep_numbers" else []
    if (code, value) == ("sub_accounts", "close_all") and conversation.asked != code:
        return wish(work, conversation, "closing", text or "")  # the list was not shown yet
    said, case = _opened(work, conversation, text or "")
    if code == "exit_reason":
        value = _reason_in(conversation, value, text or "", reason)
    if case is None:
        if code == "exit_reason" and value in ("words", *REASON_CODES):
            reasons.keep(conversation, value, text or "", given=True)
        return said
    if code == "keep_numbers" and not _owed(work, case, code):
        return [*said, *question(work, conversation, "port_out")]
    if (code, value) == ("data_export", "export") and not _owed(work, case, code):
        return [*said, *question(work, conversation, "data_retention")]
    if code not in ("alternatives", "exit_reason", *PORTS) and not _owed(work, case, code):
        return said
    if (code, value) == ("port_works", "works") and not _surely(conversation, code):
        cases.ask_rested_again(work, case)
        return said  # words alone close nothing: the question follows
    person, actor = person_of(conversation), actor_of(conversation)
    subject = ""
    if code in PORTS:
        subject_or_statement = _port(work, conversation, case, code, value, text or "")
        if isinstance(subject_or_statement, Statement):
            return [*said, subject_or_statement]
        subject = subject_or_statement
    words = text if code == "exit_reason" else None
    cases.answer(
        work,
        case=case,
        person=person,
        actor=actor,
        code=code,
        value=value,
        subject=subject,
        words=words,
    )
    if code == "exit_reason" and reason:
        return [*said, statements.reason_noted(work.policy(case.account), reason)]
    return [*said, *_after(work, conversation, case, code, value)]


def _reason_in(conversation: Conversation, value: str, text: str, reason: ReasonCode | None) -> str:
    """The reason's code where it is known; words that are nothing but the wish to close skip it."""
    if reason is None and value == "words" and is_bare_wish(conversation, text):
        return "skip"
    return reason or value


PORTS = ("open_port", "port_works")
COMING_BACK = ("reactivation", "restore")


def _owed(work: Work, case: ClosingCase, code: str) -> bool:
    return any(requirement.code == code for requirement in cases.state_of(work, case).owed)


def _surely(conversation: Conversation, question_code: str) -> bool:
    """Whether the last message is a plain yes to exactly this question, noted by the gateway."""
    return conversation.asked == question_code and conversation.pressed == YES


def _export_alone(work: Work, conversation: Conversation, text: str) -> Said:
    """An export without a closing: before one, or after it while the data is kept."""
    if conversation.person is None and conversation.wanted in WISHES:
        return question(work, conversation, "data_export")  # the wish that waits comes first
    if conversation.person is None:
        return wish(work, conversation, "data_export", text)
    accounts = cases.accounts_of(work, conversation.person)
    account = conversation.account or (accounts[0] if len(accounts) == 1 else None)
    if account is None:
        return question(work, conversation, "data_export")
    if not cases.may_close(work, conversation.person, account):
        return ABOUT_ACCOUNT["who_can_cancel"](work, account)
    closure = cases.standing_closure(work, account)
    if closure and not still_readable(work, account, closure):
        return [
            Statement("export_too_late", {"contacts": statements.contacts(work.policy(account))})
        ]
    export = make_export(work, account, actor_of(conversation))
    work.session.flush()
    return [export_ready(export.id, work, account)]


def _after(
    work: Work, conversation: Conversation, case: ClosingCase, code: str, value: str
) -> Said:
    if code == "data_export" and value == "export":
        export = latest_export(work, case.account)
        return [export_ready(export.id, work, case.account)] if export else []
    if code == "port_works" and value == "works":
        if close_after_port(work, case=case, actor=actor_of(conversation)):
            conversation.topic = "none"
            return closing_told(work, case.account)
        return [Statement("port_verified", {})]
    if (code, value) == ("keep_numbers", "release_all"):
        return [Statement("no_number_kept", {})]
    if code == "open_port" and value == "give_up":
        return [Statement("number_given_up", {})]
    if code == "alternatives" and value != "decline":
        conversation.topic, conversation.wanted = "none", None
        offer = next(o for o in work.kind(case.account).alternatives.offers if o.code == value)
        facts = {"title": VendorWords(offer.title)}
        if offer.still_charged:
            facts["charged"] = VendorWords(offer.still_charged)
            return [Statement("alternative_taken_charged", facts)]
        told = [Statement("alternative_taken", facts)]
        if offer.human:
            told += hand_over(work, conversation=conversation, actor=actor_of(conversation))
        return told
    if code == "exit_reason" and value not in ("skip",):
        return [Statement("reason_thanks", {})]
    return []


def _port(
    work: Work, conversation: Conversation, case: ClosingCase, code: str, value: str, text: str
) -> str | Statement:
    """The number that the answer is about: named in the text, or the one just asked about.

    Rule 5: a number is given up by its name only: on the button that names it, or in plain words
    that hold nothing else.
    """
    numbers = work.view(case.account).all_numbers()
    named = number_named(conversation, text, [n.e164 for n in numbers])
    fitting = [n for n in numbers if n.port and (n.port == "completed" or code == "open_port")]
    if not fitting or (named and all(n.e164 != named for n in fitting)):
        return Statement("no_open_port", {})
    bound = str(conversation.asked_facts.get("subject", ""))
    asked_about = bound if conversation.asked in PORTS else ""
    if value == "give_up":
        if conversation.pressed == "/give_up_number" and asked_about:
            return asked_about
        if named and gives_up(conversation, text):
            return named
    elif named or asked_about:
        return named or asked_about
    return Statement("name_the_number", {"numbers": [n.phrase() for n in fitting]})


def take_option(work: Work, conversation: Conversation, code: str, text: str) -> Said:
    """A button with an option of account or policy was pressed."""
    if conversation.topic == "choose_vendor":
        return take_vendor(work, conversation, code) if code in work.policies else []
    if conversation.topic == "choose_account":
        account = next((a for a in candidates(work, conversation) if a.number == code), None)
        if account is None:
            return [Statement("account_not_clear", {})]
        return take_account(work, conversation, account)
    if conversation.asked in ("alternatives", "exit_reason"):
        return answer(work, conversation, conversation.asked, code, text or None)
    return []


def take_alternative(work: Work, conversation: Conversation, text: str) -> Said:
    """The customer names an alternative in words. Taking one changes the account, so words only
    lead to the question: its button takes it."""
    case = case_of(work, conversation)
    if case is None or not _owed(work, case, "alternatives"):
        return question(work, conversation, "alternative")
    return [Statement("which_alternative", {})]


def confirm_closure(work: Work, conversation: Conversation, plain: bool) -> Said:
    """Close, if the customer plainly said yes to exactly this question and this quote.

    What the customer saw is what the gateway delivered in this conversation, nothing else.
    """
    case = case_of(work, conversation)
    if conversation.asked not in CONFIRMATIONS or case is None:
        if conversation.account and conversation.account.status in ("closed", "converted"):
            return [closed_already(work, conversation.account)]
        return []
    if not plain:
        return [Statement("confirm_unclear", {})]
    state = cases.state_of(work, case)
    seen = set(cases.seen_by(work, case, conversation.id))
    shown = {r.code for r in state.owed if (r.code, r.facts_hash) in seen}
    try:
        confirm(
            work,
            case=case,
            person=person_of(conversation),
            actor=actor_of(conversation),
            quote_id=str(conversation.asked_facts.get("quote_id")),
            shown=shown,
        )
    except Problem as problem:
        if problem.code == "unpaid_blocks":
            policy, view = work.policy(case.account), work.view(case.account)
            return [statements.unpaid(view, policy, unpaid_that_blocks(view, policy))]
        if problem.code not in ("requirements_open", "requirements_not_shown", "quote_expired"):
            raise
        return [Statement("quote_changed", {})]
    if case.state == "waiting_for_port":
        return []
    conversation.topic, conversation.wanted = "none", None
    return closing_told(work, case.account)


def closing_told(work: Work, account: Account) -> Said:
    """The receipt of an account's closure, as it was stored with it."""
    closure = cases.standing_closure(work, account)
    if closure is None:
        return []
    return [Statement(s["code"], from_json(s["facts"])) for s in closure.statements]


def consent(work: Work, conversation: Conversation) -> Said:
    """The customer agrees to reactivate at the price that was just shown."""
    account, shown = conversation.account, conversation.asked_facts
    if conversation.asked != "reactivation_consent" or account is None or "price" not in shown:
        return []
    if not _surely(conversation, "reactivation_consent"):
        return [Statement("plain_yes_needed", {})]
    price = Money(int(shown["price"]), str(shown["currency"]))
    try:
        reactivate(
            work,
            person=person_of(conversation),
            account=account,
            actor=actor_of(conversation),
            price=price,
        )
    except Problem as problem:
        if problem.code == "price_changed":
            return [Statement("quote_changed", {})]
        raise
    conversation.topic, conversation.wanted = "restore", None
    moment = Moment(work.now, account.zone)
    told = [Statement("reactivated", {"account": work.view(account).named(), "at": moment})]
    released = any(number.is_released for number in account.numbers)
    late = released and not restorable_numbers(work, account)
    if late and work.kind(account).numbers.restore_otherwise_by_support:
        ways = statements.contacts(work.policy(account))
        told.append(Statement("numbers_by_support", {"contacts": ways}))
    return told


def restore(work: Work, conversation: Conversation, yes: bool) -> Said:
    """Bring released numbers back after a reactivation, or leave it."""
    account = conversation.account
    if conversation.asked != "restore_numbers" or account is None:
        return []
    conversation.topic = "none"
    if not yes:
        return [Statement("numbers_left", {})]
    count = restore_numbers(
        work, person=person_of(conversation), account=account, actor=actor_of(conversation)
    )
    return [Statement("numbers_restored", {"count": count})]
