"""What is posted to the web service: records and labels that it takes, and rows that it validates."""

from collections.abc import Callable, Mapping
from typing import Any

from litestar import Request, post
from litestar.exceptions import ClientException, HTTPException, NotFoundException
from litestar.params import FromQuery, RawBody

from monitor.errors import MonitorError, NotReady
from monitor.refusals import WAIT

Take = Callable[[str, bytes, str], Mapping[str, Any]]
"""Takes a model's name, a body and its content type, and gives the answer; raises MonitorError for what it refuses."""


def records_of(take: Take | None) -> Any:  # noqa: ANN401  # a route
    """Give the route by which records are pushed; take: None where no model takes any."""

    @post("/v1/records", status_code=202, sync_to_thread=True)
    def records(request: Request[Any, Any, Any], body: RawBody, model: FromQuery[str]) -> dict[str, Any]:
        """Take records of a model, as JSON or as an Arrow stream, to be pulled like any other source."""
        return _answered(take, request, body, model, absent="no model of this service takes pushed records")

    return records


def labels_of(take: Take | None) -> Any:  # noqa: ANN401  # a route
    """Give the route by which labels are pushed."""

    @post("/v1/labels", status_code=202, sync_to_thread=True)
    def labels(request: Request[Any, Any, Any], body: RawBody, model: FromQuery[str]) -> dict[str, Any]:
        """Take labels of a model's records by their ids, as JSON or as an Arrow stream."""
        return _answered(take, request, body, model, absent="no model of this service takes pushed labels")

    return labels


def validation_of(take: Take | None) -> Any:  # noqa: ANN401  # a route
    """Give the route by which records are validated."""

    @post("/v1/validate", status_code=200, sync_to_thread=True)
    def validation(request: Request[Any, Any, Any], body: RawBody, model: FromQuery[str]) -> dict[str, Any]:
        """Say of records whether they belong to the population that the model was trained on; nothing is kept."""
        return _answered(take, request, body, model, absent="no model of this service validates records")

    return validation


def _answered(
    take: Take | None, request: Request[Any, Any, Any], body: bytes, model: str, *, absent: str
) -> dict[str, Any]:
    """Hand a body of records on; absent: what is said where nothing takes it."""
    if take is None:
        raise NotFoundException(absent)
    if (encoding := request.headers.get("content-encoding", "identity")) != "identity":
        raise HTTPException(f"content encoding {encoding!r:.80} is not taken; send the body as it is", status_code=415)
    try:
        return dict(take(model, body, request.headers.get("content-type", "")))
    except NotReady as error:
        raise HTTPException(str(error), status_code=503, headers=dict(WAIT)) from error
    except MonitorError as error:
        raise ClientException(str(error)) from error
