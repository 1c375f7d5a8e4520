"""People with roles."""

from django.contrib.auth.models import Group, User


def person(name: str, *roles: str) -> User:
    """Return a user in these role groups."""
    user = User.objects.create_user(username=name, password="a-long-password-1")
    for role in roles:
        user.groups.add(Group.objects.get_or_create(name=role)[0])
    return user
