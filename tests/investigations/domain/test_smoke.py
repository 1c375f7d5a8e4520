import pytest
@pytest.mark.django_db
def test_x():
    from investigations.models import Incident
    assert Incident.objects.count()==0
