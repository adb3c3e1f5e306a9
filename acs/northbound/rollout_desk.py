"""The desk at which a caller of any of the interfaces makes and steers rollouts."""

from __future__ import annotations

from acs.northbound.rest.routing import Services
from acs.operations.actors import Actor
from acs.operations.rollout_desk import Desk


def desk_for(services: Services, actor: Actor) -> Desk:
    """`services` are those for this actor: limited to the phones that it may see."""
    return Desk(
        runner=services.runner,
        actor=actor,
        catalogue=services.catalogue,
        shapes=services.shapes,
        number_of=services.models.number_of,
        randomness=services.randomness,
        now=services.now(),
        most_alone=services.rollout_approval,
        files=services.files,
    )
