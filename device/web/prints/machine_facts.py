"""The facts about the machine: its processes, its network, its versions, its log, and what it cannot do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields

from device.domain.consent import AIM_NS, STILL_EVERY_NS
from device.domain.register.decisions import GroupRegistered
from device.web.it.report import versions
from device.web.prints.fact import (
    Fact,
    Section,
    moment,
    program_source,
    recorder_source,
    register_source,
    setting,
    told,
    units_source,
    unknown,
)
from device.web.prints.names import kept, parts, roles
from device.web.prints.sources import Sources
from device.web.prints.text import gettext as _
from device.web.prints.text import time_words

_NS_PER_S = 1_000_000_000


def device(sources: Sources) -> Section:
    """Return which device this is, and what runs on it."""
    return Section(_("This device"), tuple(_device(sources)))


def processes(sources: Sources) -> Section:
    """Return what runs as whom."""
    return Section(_("Processes, and as whom they run"), tuple(_processes(sources)))


def network(sources: Sources) -> Section:
    """Return where it listens and where it sends."""
    return Section(_("Network"), tuple(_network(sources)))


def log(sources: Sources) -> Section:
    """Return how far the log of decisions is whole."""
    return Section(_("The log of decisions, read and checked just now"), tuple(_log(sources)))


def never(sources: Sources) -> Section:
    """Return what this device does not do, and what holds it back."""
    return Section(_("What this device does not do"), tuple(_never(sources)))


def _device(sources: Sources) -> Iterator[Fact]:
    yield Fact(_("Name"), sources.device_name, setting("device", "name"))
    yield Fact(_("This sheet was made"), moment(sources.now, sources.now.tzinfo), _("clock of the device"))
    clock = None if sources.status is None else sources.status.get("clock_trusted")
    if clock is None:
        yield unknown(_("Is the clock right?"), _("The recorder does not answer."), recorder_source())
    else:
        yield Fact(_("Is the clock right?"), _("yes") if clock else _("not certain"), recorder_source())
    yield told(_("Settings"), sources.known.source or None, _("told to this page at its start"))
    running = str((sources.status or {}).get("version") or "")
    for name, version in versions(running):
        yield Fact(_("Version: %(name)s", name=name), version, _("what runs now"))


def _processes(sources: Sources) -> Iterator[Fact]:
    silent = sources.status is None
    yield Fact(
        "leerblik-recorder",
        _("user leerblik-recorder: camera, sound, button and light; no network.")
        + " " + (_("It does not answer now.") if silent else _("It runs.")),
        units_source(),
    )  # fmt: skip
    yield Fact(
        "leerblik-web",
        _("this page, now running as %(user)s: no camera, no catalogue, no SSH key", user=sources.user),
        units_source(),
    )
    said = next(
        (each for each in (sources.status or {}).get("processes") or [] if each.get("process") == "sync"),
        None,
    )
    sync = _("user leerblik-sync: sends locked files to the coach's machine; it cannot open them.")
    state = _("It has not said yet how it is.") if said is None else _("It runs or ran.")
    yield Fact("leerblik-sync", f"{sync} {state}", units_source())
    why = _("This page cannot see under which user another process runs. On the device: ps -eo user,args")
    yield unknown(_("Users of the other processes at this moment"), why, _("operating system"))


def _network(sources: Sources) -> Iterator[Fact]:
    known = sources.known
    listening, port = known.text("web", "address"), known.text("web", "port")
    where = None if listening is None or port is None else f"{listening}:{port}"
    yield told(_("This page listens on"), where, setting("web", "address"))
    yield Fact(
        _("Is this page encrypted (TLS)?"),
        _("yes") if sources.tls else _("NO: the network can read along"),
        _("what runs now"),
    )
    hosts = known.text("web", "hosts")
    yield told(_("Other names under which it may be opened"), hosts, setting("web", "hosts"))
    if known.text("sync", "transport") is None:
        why = _("Nothing is set for sending, or this page was not told.")
        yield unknown(_("Footage is sent to"), why, setting("sync", "host"))
        return
    yield Fact(_("Footage is sent to"), _target(sources), setting("sync", "host"))
    yield told(_("Fingerprint of that machine"), known.text("sync", "host_key"), setting("sync", "host_key"))


def _target(sources: Sources) -> str:
    known = sources.known
    if known.text("sync", "transport") == "local":
        return _("a folder on this machine: %(path)s", path=known.text("sync", "local_dir") or "")
    host = known.text("sync", "host") or _("nothing set")
    return f"{known.text('sync', 'transport')}://{known.text('sync', 'user')}@{host}:{known.text('sync', 'port')}"


def _log(sources: Sources) -> Iterator[Fact]:
    chain, source = sources.chain, register_source()
    if chain is None:
        yield unknown(_("Decisions"), _("The register cannot be read."), source)
        return
    yield Fact(_("Decisions in it"), str(chain.head.number), source)
    yield Fact(_("SHA-256 of the last one"), chain.head.sha256, source)
    if chain.whole:
        yield Fact(_("Is it whole?"), _("yes: every line follows the one before it"), source)
    else:
        number = chain.head.number + 1
        damaged = _("NO: it was changed or damaged at line %(number)d or just before it", number=number)
        yield Fact(_("Is it whole?"), damaged, source)
    yield _agreement_with_recorder(sources)
    yield unknown(
        _("Were lines removed at its end?"),
        _("Only a copy elsewhere shows that: compare number and SHA-256 with an earlier sheet."),
        source,
    )


def _agreement_with_recorder(sources: Sources) -> Fact:
    name = _("Does the recorder go by the same log?")
    seen = (sources.status or {}).get("register") or {}
    if not seen or sources.chain is None:
        return unknown(name, _("The recorder does not answer."), recorder_source())
    if seen.get("problem"):
        return Fact(name, _("NO: it found the log damaged and records nothing"), recorder_source())
    same = (seen.get("number"), seen.get("sha256")) == (sources.chain.head.number, sources.chain.head.sha256)
    value = _("yes") if same else _("not yet: it has read %(number)s decisions", number=seen.get("number"))
    return Fact(name, value, recorder_source())


def _never(sources: Sources) -> Iterator[Fact]:
    triggers, lights = (
        None if found is None else parts(found)
        for found in (sources.known.names("recorder", key) for key in ("triggers", "indicators"))
    )
    yield Fact(
        _("Watching live"),
        _("not possible. To point the camera, for %(time)s after a press on the device itself, a still at most every "
          "%(every)d s; it is not kept.", time=time_words(AIM_NS / _NS_PER_S), every=STILL_EVERY_NS // _NS_PER_S),
        program_source("device/domain/consent.py"),
    )  # fmt: skip
    yield Fact(
        _("Starting by movement or sound"),
        _("not built in: only a press or an announced booking starts it"),
        program_source("device/drivers/trigger"),
    )
    yield told(_("What can start it here"), triggers, setting("recorder", "triggers"))
    yield Fact(
        _("Recording without a light"),
        _("refused, and without a valid agreement as well"),
        program_source("device/domain/consent.py"),
    )
    yield told(_("Lights here"), lights, setting("recorder", "indicators"))
    yield Fact(
        _("An account for management"),
        _("there is none; the roles are: %(roles)s", roles=roles()),
        program_source("device/web/roles.py"),
    )
    names = kept(field.name for field in fields(GroupRegistered))
    yield Fact(
        _("Names of pupils"),
        _("there is no place for them; of a group only this is kept: %(names)s", names=names),
        program_source("device/domain/register/decisions.py"),
    )
    yield Fact(_("Scoring, recognising faces or voices"), _("not built in"), program_source("device/footage"))
