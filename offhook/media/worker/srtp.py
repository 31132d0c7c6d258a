"""SRTP, RFC 3711: one port's two directions, with keys from SDP (RFC 4568) or DTLS (RFC 5764)."""

from pylibsrtp import Error, Policy, Session

__all__ = ["PROFILES", "SUITES", "Error", "Shield"]

# master key and salt lengths by profile, by the names SDP and DTLS know them
SUITES = {
    "AES_CM_128_HMAC_SHA1_80": (Policy.SRTP_PROFILE_AES128_CM_SHA1_80, 16, 14),
    "AES_CM_128_HMAC_SHA1_32": (Policy.SRTP_PROFILE_AES128_CM_SHA1_32, 16, 14),
    "AEAD_AES_128_GCM": (Policy.SRTP_PROFILE_AEAD_AES_128_GCM, 16, 12),
}
PROFILES = {  # in our order of preference
    "SRTP_AEAD_AES_128_GCM": "AEAD_AES_128_GCM",
    "SRTP_AES128_CM_SHA1_80": "AES_CM_128_HMAC_SHA1_80",
}


class Shield:
    """Seals what goes and opens what comes; whatever fails raises `Error` or ValueError.

    A packet number is never sealed twice: with one key that would give both texts
    away, so libsrtp's own check against repeats stays on.
    """

    def __init__(self, suite: str, ours: bytes, theirs: bytes) -> None:
        profile, key, salt = SUITES[suite]
        if len(ours) != key + salt or len(theirs) != key + salt:
            raise ValueError(f"{suite} takes {key + salt} bytes of key and salt")
        out = _session(profile, ours, Policy.SSRC_ANY_OUTBOUND)
        into = _session(profile, theirs, Policy.SSRC_ANY_INBOUND)
        self.seal = out.protect
        self.open = into.unprotect
        self.seal_rtcp = out.protect_rtcp
        self.open_rtcp = into.unprotect_rtcp


def _session(profile: int, key: bytes, direction: int) -> Session:
    policy = Policy(key=key, ssrc_type=direction, srtp_profile=profile)
    policy.window_size = 1024
    return Session(policy)
