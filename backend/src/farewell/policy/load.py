"""Read and check policy files; a bad one is refused with file, key and reason."""

from __future__ import annotations

from pathlib import Path

import yaml
from pydantic import ValidationError

from farewell.policy.model import Policy


class PolicyError(ValueError):
    """A policy file that cannot be used. The text names file, key and reason, one a line."""


def maze_findings(policy: Policy) -> list[str]:
    """Where a policy would hold a customer back against the rule that there is no maze.

    At most one message of alternatives, always declinable; reason and export can be skipped;
    one confirmation.
    """
    found = []
    if policy.exit_reasons.required:
        found.append("exit_reasons.required: a reason must never be a must; remove it")
    if policy.confirmations != 1:
        found.append("confirmations: exactly one confirmation closes an account")
    for key, kind in policy.account_types.items():
        at = f"account_types.{key}"
        if kind.alternatives.messages != 1:
            found.append(f"{at}.alternatives.messages: alternatives are offered in one message")
        if not kind.alternatives.can_be_declined:
            found.append(f"{at}.alternatives.can_be_declined: the way to close stands beside them")
        if kind.data.export_required:
            found.append(f"{at}.data.export_required: an export can always be skipped")
        if kind.closed_by.stated is None or not kind.closed_by.stated:
            found.append(f"{at}.closed_by: somebody must be able to close; name a role")
        if kind.second_approval and kind.second_approval.stated == []:
            found.append(f"{at}.second_approval: somebody must be able to agree; name a role")
    return found


def load_policy(path: Path) -> Policy:
    """One policy from its file.

    Raises PolicyError with every finding when the file is not valid or leads into a maze.
    """
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
        policy = Policy.model_validate(raw)
    except yaml.YAMLError as error:
        raise PolicyError(f"{path.name}: not valid YAML: {error}") from error
    except ValidationError as error:
        lines = [
            f"{path.name}: {'.'.join(str(part) for part in item['loc']) or '(file)'}: {item['msg']}"
            for item in error.errors()
        ]
        raise PolicyError("\n".join(lines)) from error
    findings = maze_findings(policy)
    if findings:
        raise PolicyError("\n".join(f"{path.name}: {finding}" for finding in findings))
    return policy


def load_policies(folder: Path) -> dict[str, Policy]:
    """All policies of a folder by vendor code.

    Raises PolicyError for a bad file, a vendor named twice, or a folder without policies.
    """
    policies: dict[str, Policy] = {}
    for path in sorted(folder.glob("*.yml")):
        policy = load_policy(path)
        if policy.vendor in policies:
            raise PolicyError(f"{path.name}: vendor: {policy.vendor!r} has another file already")
        policies[policy.vendor] = policy
    if not policies:
        raise PolicyError(f"{folder.name}/: no policy file (*.yml) found")
    return policies
