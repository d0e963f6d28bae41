"""The HTTP API: one for both forms. JSON in, JSON out; who asks is known by the cookie `session`."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from pamtalk.market import (
    Answer,
    Credentials,
    Market,
    NewFarm,
    NewTransaction,
    NewUser,
    Place,
    Refused,
    User,
)

MOST_BYTES = 64 * 1024
RETRY_SECONDS = 1

Given = TypeVar("Given", bound=BaseModel)


def application(opened: Callable[[], Awaitable[Market]]) -> Starlette:
    """Make the application of the market that `opened` gives; it is closed with the application."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncGenerator[None]:
        app.state.market = await opened()
        try:
            yield
        finally:
            await app.state.market.close()

    return Starlette(
        lifespan=lifespan,
        exception_handlers={Refused: _refused},
        routes=[
            Route("/health", _health),
            Route("/users", _join, methods=["POST"]),
            Route("/users/me", _me),
            Route("/sessions", _sign_in, methods=["POST"]),
            Route("/dashboard", _dashboard),
            Route("/farms", _farms_near),
            Route("/farms", _register, methods=["POST"]),
            Route("/farms/{farm:int}/prediction", _prediction),
            Route("/farms/{farm:int}/esg", _esg),
            Route("/transactions", _buy, methods=["POST"]),
        ],
    )


async def _health(_: Request) -> Response:
    return JSONResponse({"ok": True})


async def _join(request: Request) -> Response:
    return _made(await _market(request).join(await _given(request, NewUser)))


async def _me(request: Request) -> Response:
    return JSONResponse((await _user(request)).answer())


async def _sign_in(request: Request) -> Response:
    opened = await _market(request).sign_in(await _given(request, Credentials))
    response = _made(opened)
    response.set_cookie("session", opened["token"], httponly=True, samesite="lax")
    return response


async def _dashboard(request: Request) -> Response:
    return JSONResponse(await _market(request).dashboard(await _user(request)))


async def _farms_near(request: Request) -> Response:
    user = await _user(request)
    latitude = _coordinate(request, "latitude", user.latitude, 90)
    longitude = _coordinate(request, "longitude", user.longitude, 180)
    return JSONResponse(await _market(request).farms_near(Place.near(latitude, longitude)))


async def _register(request: Request) -> Response:
    user = await _user(request)
    return _made(await _market(request).register(user, await _given(request, NewFarm)))


async def _buy(request: Request) -> Response:
    user = await _user(request)
    return _made(await _market(request).buy(user, await _given(request, NewTransaction)))


async def _prediction(request: Request) -> Response:
    await _user(request)
    found = await _market(request).prediction(request.path_params["farm"])
    if found is None:
        waiting = {"pending": f"worked out in the background; ask again in {RETRY_SECONDS} s"}
        return JSONResponse(waiting, 202, {"Retry-After": str(RETRY_SECONDS)})
    return JSONResponse(found)


async def _esg(request: Request) -> Response:
    await _user(request)
    return JSONResponse(await _market(request).esg(request.path_params["farm"]))


def _market(request: Request) -> Market:
    return request.app.state.market


async def _user(request: Request) -> User:
    return await _market(request).user_of(request.cookies.get("session", ""))


async def _given(request: Request, kind: type[Given]) -> Given:
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > MOST_BYTES:
            raise Refused(413, f"at most {MOST_BYTES:,} bytes")
    try:
        return kind.model_validate_json(bytes(body))
    except ValidationError as error:
        places = [f"{'.'.join(map(str, each['loc'])) or 'body'}: {each['msg']}" for each in error.errors()]
        raise Refused(422, "; ".join(places)) from error


def _coordinate(request: Request, name: str, usual: float, most: float) -> float:
    text = request.query_params.get(name)
    if text is None:
        return usual
    try:
        value = float(text)
    except ValueError:
        value = most + 1
    if not -most <= value <= most:
        raise Refused(422, f"{name}: a number from -{most} to {most}")
    return value


def _made(answer: Answer) -> JSONResponse:
    return JSONResponse(answer, 201)


async def _refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)
    return JSONResponse({"error": str(error)}, error.status)
