"""The product's transport against RFC 6455, sections 5 to 8: frames, fragments, control frames, text
and closing. Numbers in brackets are sections."""

import os

import pytest
from harness.net_echo import client, echo  # noqa: F401
from harness.raw_websocket import (BINARY, CLOSE, CONTINUATION, FINAL, LIMIT, PING, PONG, TEXT,
                                   close_payload, frame, message)

# ---- Data frames [5]


@pytest.mark.parametrize("opcode", [TEXT, BINARY])
@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 128, 65535, 65536, 65537, 131072])
def test_messages_of_every_length_form_come_back(client, opcode, size):
    payload = os.urandom(size) if opcode == BINARY else b"*" * size
    client.send(message(opcode, payload))
    client.expect(opcode, payload)


@pytest.mark.parametrize("size", [1 << 20, 4 << 20, LIMIT])
@pytest.mark.parametrize("chop", [None, 65536])
def test_large_messages_come_back(client, size, chop):
    payload = os.urandom(1024) * (size // 1024)
    data = message(BINARY, payload)
    for at in range(0, len(data), chop or len(data)):
        client.send(data[at:at + (chop or len(data))])
    client.expect(BINARY, payload)


@pytest.mark.parametrize("fragment", [64, 256, 4096, 65536])
def test_a_large_message_in_fragments_comes_back(client, fragment):
    payload = b"fragment" * (1 << 17)
    frames = []
    for at in range(0, len(payload), fragment):
        final = FINAL if at + fragment >= len(payload) else 0
        frames.append(frame(final | (CONTINUATION if at else TEXT), payload[at:at + fragment]))
    client.send(b"".join(frames))
    client.expect(TEXT, payload)


def test_a_message_over_the_limit_is_1009(client):
    client.send(message(BINARY, bytes(LIMIT + 1))[:100000])
    client.expect_close(1009)


def test_a_peer_that_goes_on_sending_still_gets_the_close_frame(client):
    client.send(message(BINARY, bytes(LIMIT + 1)))
    client.expect_close(1009)


def test_fragments_over_the_limit_are_1009(client):
    client.send(frame(BINARY, bytes(LIMIT)) + frame(FINAL | CONTINUATION, b"x"))
    client.expect_close(1009)


@pytest.mark.parametrize("length", [1 << 63, (1 << 64) - 1, (1 << 64) - 5, 1 << 32, LIMIT + 1])
@pytest.mark.parametrize("begun", [b"", frame(BINARY, b"0123456789")], ids=["first", "second"])
def test_impossible_lengths_are_1009_before_any_payload(client, begun, length):
    opcode = CONTINUATION if begun else BINARY
    client.send(begun + frame(FINAL | opcode, form=64, length=length))
    client.expect_close(1009)


@pytest.mark.parametrize("form, length", [(16, 0), (16, 125), (64, 125), (64, 65535)])
def test_a_length_in_a_longer_form_than_needed_is_1002(client, form, length):
    client.send(frame(FINAL | BINARY, bytes(length), form=form))
    client.expect_close(1002)


@pytest.mark.parametrize("cut", [1, 2, 3, 5, 6, 13])
def test_a_header_may_arrive_in_any_pieces(client, cut):
    data = message(BINARY, bytes(70000))
    client.send(data[:cut])
    client.send(message(PING)[:0])
    client.send(data[cut:])
    client.expect(BINARY, bytes(70000))


def test_a_dripped_message_comes_back(client):
    for byte in message(TEXT, b"byte by byte"):
        client.send(bytes([byte]))
    client.expect(TEXT, b"byte by byte")


def test_many_small_messages_in_one_segment_come_back_in_order(client):
    client.send(b"".join(message(TEXT, str(n).encode()) for n in range(2000)))
    for n in range(2000):
        client.expect(TEXT, str(n).encode())


def test_an_unmasked_frame_is_1002(client):
    client.send(frame(FINAL | TEXT, b"bare", masked=False))
    client.expect_close(1002)


@pytest.mark.parametrize("bits", [0x40, 0x20, 0x10, 0x70])
@pytest.mark.parametrize("opcode", [TEXT, BINARY, CLOSE, PING, PONG])
def test_reserved_bits_are_1002(client, bits, opcode):
    client.send(message(TEXT, b"good") + frame(FINAL | bits | opcode, b""))
    client.expect(TEXT, b"good")
    client.expect_close(1002)


@pytest.mark.parametrize("opcode", [3, 4, 5, 6, 7, 11, 12, 13, 14, 15])
@pytest.mark.parametrize("payload", [b"", b"payload"])
def test_reserved_opcodes_are_1002(client, opcode, payload):
    client.send(message(TEXT, b"good") + frame(FINAL | opcode, payload) + message(PING))
    client.expect(TEXT, b"good")
    client.expect_close(1002)


# ---- Fragmentation [5.4]


def test_fragments_with_control_frames_between_make_one_message(client):
    client.send(frame(TEXT, b"one,") + message(PING, b"1") + frame(CONTINUATION, b"") +
                message(PONG, b"unasked") + frame(CONTINUATION, b"two,") + message(PING, b"2") +
                frame(FINAL | CONTINUATION, b"three"))
    client.expect(PONG, b"1")
    client.expect(PONG, b"2")
    client.expect(TEXT, b"one,two,three")


def test_empty_fragments_make_an_empty_message(client):
    client.send(frame(TEXT) + frame(CONTINUATION) + frame(FINAL | CONTINUATION))
    client.expect(TEXT, b"")


@pytest.mark.parametrize("frames", ids=["final", "not-final", "text", "binary", "pongs"], argvalues=[
    frame(FINAL | CONTINUATION, b"nothing begun"),
    frame(CONTINUATION, b"nothing begun"),
    frame(TEXT, b"begun") + message(TEXT, b"another"),
    frame(BINARY, b"begun") + frame(BINARY, b"another"),
    message(PONG) + frame(TEXT, b"begun") + message(PONG) + message(TEXT, b"another"),
])
def test_a_broken_sequence_of_fragments_is_1002(client, frames):
    client.send(frames)
    client.expect_close(1002)


# ---- Control frames [5.5]


@pytest.mark.parametrize("payload", [b"", b"x", b"\x00\xff\xfe binary", bytes(125)])
def test_a_ping_is_answered_with_its_payload(client, payload):
    client.send(message(PING, payload))
    client.expect(PONG, payload)


def test_ten_pings_are_answered_in_order(client):
    client.send(b"".join(message(PING, bytes([n])) for n in range(10)))
    for n in range(10):
        client.expect(PONG, bytes([n]))


def test_a_dripped_ping_is_answered(client):
    for byte in message(PING, bytes(125)):
        client.send(bytes([byte]))
    client.expect(PONG, bytes(125))


def test_unasked_pongs_are_ignored(client):
    client.send(message(PONG) + message(PONG, b"unasked"))
    client.expect_alive()


@pytest.mark.parametrize("opcode", [PING, PONG, CLOSE])
def test_a_control_frame_over_125_bytes_is_1002(client, opcode):
    client.send(frame(FINAL | opcode, b"\x03\xe8" + bytes(124)))
    client.expect_close(1002)


@pytest.mark.parametrize("opcode", [PING, PONG, CLOSE])
def test_a_fragmented_control_frame_is_1002(client, opcode):
    client.send(frame(opcode, b"") + frame(FINAL | CONTINUATION, b""))
    client.expect_close(1002)


def test_a_ping_flood_that_is_not_read_costs_bounded_memory(echo):
    def resident_kb():
        with open(f"/proc/{echo.program.pid}/statm", encoding="ascii") as statm:
            return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1024

    with echo.open() as client:
        before = resident_kb()
        flood = message(PING, bytes(125)) * 1000
        for _ in range(200):
            client.send(flood)
        # 200,000 pongs would be 100 MB.
        assert resident_kb() - before < 40_000
        # Every ping may be answered, the last one must be.
        client.send(message(PING, b"last"))
        while client.read_frame() != (FINAL | PONG, b"last"):
            pass


# ---- UTF-8 [8.1]

VALID_TEXT = ["", "Hello-µ@ßöäüàá-UTF-8!!", "κόσμε", "\0", "\x7f", "\x80", "\u07ff", "\u0800",
              "\ud7ff", "\ue000", "\ufffd", "\uffff", "\U00010000", "\U0010ffff", "\U0001f600" * 99]
INVALID_TEXT = [
    b"\x80", b"\xbf", b"\xc0\x80", b"\xc1\xbf", b"\xe0\x80\x80", b"\xe0\x9f\xbf",
    b"\xf0\x80\x80\x80", b"\xf0\x8f\xbf\xbf", b"\xed\xa0\x80", b"\xed\xbf\xbf",
    b"\xed\xa0\x80\xed\xb0\x80", b"\xf4\x90\x80\x80", b"\xf5\x80\x80\x80", b"\xf8\x88\x80\x80\x80",
    b"\xfc\x84\x80\x80\x80\x80", b"\xfe", b"\xff", b"\xce\xba\xff", b"abc\xc3", b"\xe2\x82",
    b"\xf0\x9f\x98", b"\xc3(", b"\xe2\x28\xa1", b"\xf0\x28\x8c\xbc",
]


@pytest.mark.parametrize("text", VALID_TEXT)
def test_valid_text_comes_back_however_it_is_fragmented(client, text):
    payload = text.encode("utf-8", "surrogatepass")
    client.send(message(TEXT, payload))
    client.expect(TEXT, payload)
    client.send(frame(TEXT) + b"".join(frame(CONTINUATION, bytes([b])) for b in payload) +
                frame(FINAL | CONTINUATION))
    client.expect(TEXT, payload)


@pytest.mark.parametrize("payload", INVALID_TEXT)
@pytest.mark.parametrize("fragmented", [False, True], ids=["whole", "fragmented"])
def test_invalid_text_is_1007(client, payload, fragmented):
    if fragmented:
        middle = len(payload) // 2
        client.send(frame(TEXT, payload[:middle]) + frame(FINAL | CONTINUATION, payload[middle:]))
    else:
        client.send(message(TEXT, payload))
    client.expect_close(1007)


def test_invalid_text_fails_in_the_middle_of_a_fragmented_message(client):
    client.send(frame(TEXT, "κόσμε".encode()) + frame(CONTINUATION, b"\xf4\x90"))
    client.expect_close(1007)


def test_invalid_text_fails_in_the_middle_of_a_frame(client):
    client.send(message(TEXT, b"good \xed\xa0" + bytes(1000))[:20])
    client.expect_close(1007)


def test_binary_messages_need_not_be_text(client):
    client.send(message(BINARY, b"\xff\xfe\xc3"))
    client.expect(BINARY, b"\xff\xfe\xc3")


# ---- Closing [7]


def test_an_empty_close_is_answered(client):
    client.send(message(CLOSE))
    client.expect_close(1000)


@pytest.mark.parametrize("code", [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013,
                                  1014, 3000, 3999, 4000, 4999])
@pytest.mark.parametrize("reason", [b"", "κόσμε".encode(), b"r" * 123])
def test_a_close_is_answered_with_its_code(client, code, reason):
    client.send(message(CLOSE, close_payload(code, reason)))
    client.expect_close(code)


@pytest.mark.parametrize("code", [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000,
                                  65535])
@pytest.mark.parametrize("reason", [b"", b"reason"])
def test_a_close_code_that_may_not_be_sent_is_1002(client, code, reason):
    client.send(message(CLOSE, close_payload(code, reason)))
    client.expect_close(1002)


def test_a_close_of_one_byte_is_1002(client):
    client.send(message(CLOSE, b"\x03"))
    client.expect_close(1002)


@pytest.mark.parametrize("reason", [b"\xc3\x28", b"\xed\xa0\x80", b"cut \xc3"])
def test_a_close_reason_that_is_no_text_is_1007(client, reason):
    client.send(message(CLOSE, close_payload(1000, reason)))
    client.expect_close(1007)


@pytest.mark.parametrize("late", [message(TEXT, b"late"), message(PING, b"late"), message(CLOSE),
                                  b"\xff" * 4096], ids=["text", "ping", "close", "garbage"])
def test_what_comes_after_a_close_is_ignored(client, late):
    client.send(message(TEXT, b"before") + message(CLOSE, close_payload(1000)) + late)
    client.expect(TEXT, b"before")
    client.expect_close(1000)


def test_a_close_in_the_middle_of_a_message_ends_it(client):
    client.send(frame(TEXT, b"unfinished") + message(CLOSE, close_payload(1000)))
    client.expect_close(1000)


def test_everything_before_a_close_is_answered_first(client):
    payload = bytes(1 << 20)
    client.send(message(BINARY, payload) + message(CLOSE, close_payload(1000)))
    client.expect(BINARY, payload)
    client.expect_close(1000)
