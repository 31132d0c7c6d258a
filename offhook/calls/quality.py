"""How good a line sounds, worked out from what its port reports; and what to say of it when it is bad.

The E-model of ITU-T G.107 (06/2015), simplified as by Cole and Rosenbluth ("Voice over IP performance
monitoring", ACM SIGCOMM CCR 31(2), 2001): from the best a narrow-band call can be, what delay and loss
take away is subtracted. It judges one line, from a device to us; a call is no better than its worse line.
"""

from offhook.calls.media import Codec, PortReport

BEST = 93.2  # R with all else at its default (G.107 §7.7)
NOTICED_DELAY = 177.3  # ms one way, from which on people begin to talk across each other (Cole, Rosenbluth)
BUFFERED = 40.0  # ms that packets of 20 ms take at the least to be filled and played

# How well lost packets are concealed, Bpl. G.113 (11/2007) table I.3: G.711 with concealment 25.1, without
# 4.3. It has no figures on this scale for G.722 and Opus, which conceal no worse.
CONCEALED = 25.1
NOT_CONCEALED = 4.3
_CONCEALING = {"PCMA", "PCMU", "G722", "OPUS"}

MUCH_LOSS = 0.03  # words are still understood, but everybody hears it
MUCH_JITTER = 40.0  # ms: two packets, as much as many phones wait for
LONG_TRIP = 300.0  # ms there and back: alone what G.114 §4 allows a whole good call


def mos(loss: float, jitter: float, round_trip: float | None, codec: Codec) -> float:
    """What people would say of the sound, from 1 (bad) to 4.5. `loss` is a fraction, times are in ms."""
    delay = (round_trip or 0.0) / 2 + 2 * jitter + BUFFERED
    lost = 100 * loss
    robustness = CONCEALED if codec.name.upper() in _CONCEALING else NOT_CONCEALED
    rating = BEST - _taken_by_delay(delay) - 95 * lost / (lost + robustness)  # G.107 §7.5, random loss
    if rating <= 0:
        return 1.0
    return max(1.0, 1 + 0.035 * rating + 7e-6 * rating * (rating - 60) * (100 - rating))  # G.107 Annex B


def worse_way(report: PortReport, codec: Codec) -> float:
    """The MOS of the direction that sounds worse."""
    return min(
        mos(report.loss, report.jitter, report.round_trip, codec),
        mos(report.far_loss, report.far_jitter, report.round_trip, codec),
    )


def complaint(report: PortReport) -> str:
    """What is wrong with a line, told to whoever speaks on it; nothing when it is good."""
    from_you, to_you = report.loss >= MUCH_LOSS, report.far_loss >= MUCH_LOSS
    if from_you and to_you:
        return "Sound is being lost on the way, both from you and to you"
    if from_you:
        return "Sound from you is being lost on the way"
    if to_you:
        return "Sound to you is being lost on the way"
    if report.jitter >= MUCH_JITTER:
        return "Sound from you arrives unevenly"
    if report.round_trip is not None and report.round_trip >= LONG_TRIP:
        return "The connection is slow"
    return ""


def _taken_by_delay(delay: float) -> float:
    late = delay - NOTICED_DELAY
    return 0.024 * delay + (0.11 * late if late > 0 else 0.0)
