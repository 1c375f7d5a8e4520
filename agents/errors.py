"""What can go wrong in the agents' work."""


class AgentError(Exception):
    """The agents cannot do what was asked. ``str()`` is fit to show."""


class BudgetExhausted(AgentError):
    """The investigation has used what it was given."""


class NotNow(AgentError):
    """The step has to wait for others; it has not begun."""
