"""The catalogue: what may be done at all."""

from remediation.catalog import raise_pool_limit, revert_config, rollback, rolling_restart, scale
from remediation.catalog.base import ActionKind

CATALOG: dict[str, ActionKind] = {
    module.KIND.slug: module.KIND
    for module in (rolling_restart, scale, rollback, revert_config, raise_pool_limit)
}
