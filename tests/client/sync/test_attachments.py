"""A file goes to the broker and comes back, whatever gets in between; nobody else can read it."""

from __future__ import annotations

import pytest

from access_samples import any_access
from covey.access.refusals import Code, refused
from covey.access.structs.basics import Signed
from covey.access.structs.blobs import BeginBlob, BlobBegun
from covey.client.sync.asking import TRIES
from covey.client.sync.effects import Ask, Effect, Flow, GetBlob, HangUp, PutBlob, Use, World
from covey.client.sync.identity import attachments
from covey.client.sync.identity.attachments import Carried
from covey.errors import AuthenticationError, BrokerError, DecodeError, TransportError
from covey.lab.conformance.generate.seeded import Seeded
from flows import play

WORLD = World(Seeded(b"attachments", "tests"), lambda: 0.0)
FILE = bytes(range(256)) * 20
PIECE = 1000
LOST = TransportError("lost")


class Blobs:
    """A broker's blobs.

    Attributes:
        faults: What happens to the next PUTs and GETs, by their number.
        epoch: The one that is current.
        given: How many bytes it hands out at once.
    """

    def __init__(self) -> None:
        self.blob = b""
        self.received = bytearray()
        self.faults: dict[int, Exception] = {}
        self.halves = False
        self.epoch = 7
        self.given = PIECE
        self.seen: list[Effect] = []
        self._requests = 0

    def answer(self, effect: Effect) -> object:
        if isinstance(effect, Ask):
            assert isinstance(effect.request, Signed)
            return self._begun(BeginBlob.decode(effect.request.request))
        self._requests += 1
        fault = self.faults.get(self._requests)
        if fault is not None and not self.halves:
            raise fault
        match effect:
            case PutBlob(_, blob, ticket, offset, chunk):
                assert (blob, ticket) == (self.blob, b"ticket")
                if offset != len(self.received):
                    raise refused(Code.wrong_offset)
                self.received += chunk[: len(chunk) // 2] if fault is not None else chunk
                if fault is not None:
                    raise fault
                return len(self.received)
            case GetBlob(_, blob, start):
                assert blob == self.blob
                if start >= len(self.received):
                    raise refused(Code.malformed)
                return bytes(self.received[start : start + self.given])
        raise AssertionError(effect)

    def _begun(self, request: BeginBlob) -> BlobBegun:
        if request.epoch != self.epoch and not self.received:
            raise refused(Code.epoch_passed)
        self.blob = request.blob
        return BlobBegun(len(self.received), b"ticket")

    def attach(self, data: bytes = FILE) -> Carried:
        flow = attachments.attach(lambda: any_access(7), data, WORLD, piece=PIECE)
        return play(flow, self.answer, self.seen)

    def fetch(self, carried: Carried) -> bytes:
        return play(attachments.fetch(carried, WORLD), self.answer, self.seen)


@pytest.mark.parametrize("length", [0, 1, 5000])
def test_it_comes_back(length: int) -> None:
    blobs = Blobs()
    carried = blobs.attach(FILE[:length])
    assert carried.size == len(blobs.received)
    assert blobs.fetch(carried) == FILE[:length]


def test_the_broker_sees_neither_content_nor_length() -> None:
    one, other = Blobs(), Blobs()
    assert one.attach(FILE[:5000]).size == other.attach(FILE[:5001]).size
    assert FILE[:32] not in one.received


def test_it_goes_over_a_connection_that_is_hung_up() -> None:
    blobs = Blobs()
    blobs.fetch(blobs.attach())
    lanes = [each.lane for each in blobs.seen if isinstance(each, (Ask, PutBlob, GetBlob))]
    hung = [each.lane for each in blobs.seen if isinstance(each, HangUp)]
    assert {each.use for each in lanes} == {Use.once}
    assert list(dict.fromkeys(lanes)) == hung
    assert len(hung) == 2


def test_progress_is_told() -> None:
    blobs, sent, fetched = Blobs(), list[tuple[int, int]](), list[tuple[int, int]]()
    flow = attachments.attach(
        lambda: any_access(7), FILE, WORLD, piece=PIECE, progress=lambda *to: sent.append(to)
    )
    carried = play(flow, blobs.answer)
    play(attachments.fetch(carried, WORLD, progress=lambda *to: fetched.append(to)), blobs.answer)
    size = carried.size
    steps = [*range(PIECE, size, PIECE), size]
    assert sent == [(done, size) for done in (0, *steps)]
    assert fetched == [(done, size) for done in steps]


@pytest.mark.parametrize("halves", [False, True])
@pytest.mark.parametrize("fault", [LOST, refused(Code.stale_proof), refused(Code.wrong_offset)])
def test_sending_goes_on_where_it_was(fault: Exception, *, halves: bool) -> None:
    blobs = Blobs()
    blobs.faults, blobs.halves = {2: fault, 4: fault}, halves
    carried = blobs.attach()
    blobs.faults = {}
    assert blobs.fetch(carried) == FILE


def test_fetching_goes_on_where_it_was() -> None:
    blobs = Blobs()
    carried = blobs.attach()
    blobs.faults = dict.fromkeys(range(8, 60, 2), LOST)
    assert blobs.fetch(carried) == FILE


def test_a_long_file_may_break_often_as_long_as_it_gets_on() -> None:
    blobs = Blobs()
    blobs.faults = dict.fromkeys(range(1, 100, 2), LOST)
    blobs.fetch(blobs.attach(FILE * 4))


def test_a_connection_that_never_gets_on_is_given_up() -> None:
    blobs = Blobs()
    blobs.faults = dict.fromkeys(range(2, 1000), LOST)
    with pytest.raises(TransportError):
        blobs.attach()
    assert sum(isinstance(each, PutBlob) for each in blobs.seen) == TRIES + 2


def test_a_broker_that_takes_nothing_is_given_up() -> None:
    blobs = Blobs()

    def answer(effect: Effect) -> object:
        return 0 if isinstance(effect, PutBlob) else blobs.answer(effect)

    with pytest.raises(TransportError, match="took nothing"):
        play(attachments.attach(lambda: any_access(7), FILE, WORLD), answer)


def test_an_epoch_that_passes_is_caught_up_with() -> None:
    blobs, epochs = Blobs(), [7]
    blobs.epoch = 8

    def catch_up() -> Flow[None]:
        epochs[0] += 1
        yield from ()

    flow = attachments.attach(lambda: any_access(epochs[0]), FILE, WORLD, catch_up=catch_up)
    carried = play(flow, blobs.answer)
    assert blobs.fetch(carried) == FILE


def test_without_that_somebody_else_is_waited_for() -> None:
    blobs = Blobs()
    blobs.epoch = 8
    asked = iter([7, 7, 8])
    flow = attachments.attach(lambda: any_access(next(asked)), FILE, WORLD)
    assert blobs.fetch(play(flow, blobs.answer)) == FILE


@pytest.mark.parametrize("code", [Code.too_large, Code.not_offered, Code.proof_refused])
def test_a_refusal_is_said(code: Code) -> None:
    def refusing(effect: Effect) -> object:
        raise refused(code) if isinstance(effect, Ask) else AssertionError(effect)

    with pytest.raises(BrokerError, match=code.value):
        play(attachments.attach(lambda: any_access(7), FILE, WORLD), refusing)


def test_other_bytes_are_noticed() -> None:
    blobs = Blobs()
    carried = blobs.attach()
    blobs.received[7] ^= 1
    with pytest.raises(AuthenticationError):
        blobs.fetch(carried)


def test_one_that_is_said_to_be_longer_is_noticed() -> None:
    blobs = Blobs()
    carried = blobs.attach()
    with pytest.raises(DecodeError, match=r"ends after \d+ of"):
        blobs.fetch(Carried(carried.blob, carried.key, carried.size + 1))


def test_one_that_is_said_to_be_shorter_is_noticed() -> None:
    blobs = Blobs()
    carried = blobs.attach()
    with pytest.raises(AuthenticationError):
        blobs.fetch(Carried(carried.blob, carried.key, carried.size - 1))


def test_its_key_is_not_shown() -> None:
    carried = Blobs().attach()
    assert carried.key.hex() not in repr(carried)
    assert repr(carried.key) not in repr(carried) + repr(carried.__rich_repr__())
