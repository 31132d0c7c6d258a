"""What phones and browsers say."""

PRINT = "sha-256 " + ":".join(f"{n:02X}" for n in range(0xC0, 0xE0))

DESK_PHONE = """\
v=0
o=alice 2890844526 2890844527 IN IP4 192.0.2.10
s=call
c=IN IP4 192.0.2.10
t=0 0
m=audio 49170 RTP/AVP 8 9 0 18 101
a=rtpmap:8 PCMA/8000
a=rtpmap:9 G722/8000
a=rtpmap:0 PCMU/8000
a=rtpmap:18 G729/8000
a=fmtp:18 annexb=no
a=rtpmap:101 telephone-event/8000
a=fmtp:101 0-15
a=ptime:30
a=sendrecv
""".replace("\n", "\r\n")

SECURE_PHONE = DESK_PHONE.replace("RTP/AVP", "RTP/SAVP").replace(
    "a=ptime",
    "a=crypto:2 F8_128_HMAC_SHA1_80 inline:" + "A" * 40 + "\r\n"
    "a=crypto:3 AES_CM_128_HMAC_SHA1_80 inline:" + "B" * 40 + "|2^31\r\na=ptime",
)

VIDEO_PHONE = DESK_PHONE.replace(
    "m=audio", "m=image 5000 udptl t38\r\nm=video 5002 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\nm=audio"
)

IPV6_PHONE = DESK_PHONE.replace("IN IP4 192.0.2.10", "IN IP6 2001:db8::10")

CHROMIUM = """\
v=0
o=- 4611731400430051336 2 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0 1
a=extmap-allow-mixed
a=msid-semantic: WMS 7f9d
m=audio 9 UDP/TLS/RTP/SAVPF 111 63 9 0 8 13 110 126
c=IN IP4 0.0.0.0
a=rtcp:9 IN IP4 0.0.0.0
a=ice-ufrag:EsAw
a=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1
a=ice-options:trickle
a=fingerprint:PRINT
a=setup:actpass
a=mid:0
a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level
a=sendrecv
a=msid:7f9d 1c1b
a=rtcp-mux
a=rtcp-rsize
a=rtpmap:111 opus/48000/2
a=rtcp-fb:111 transport-cc
a=fmtp:111 minptime=10;useinbandfec=1
a=rtpmap:63 red/48000/2
a=fmtp:63 111/111
a=rtpmap:9 G722/8000
a=rtpmap:0 PCMU/8000
a=rtpmap:8 PCMA/8000
a=rtpmap:13 CN/8000
a=rtpmap:110 telephone-event/48000
a=rtpmap:126 telephone-event/8000
a=ssrc:3570614608 cname:4TOk42mSjXCkVIa6
a=candidate:1467250027 1 udp 2122260223 192.168.0.196 46243 typ host generation 0 network-id 1
a=candidate:1 1 udp 2122260223 0d0e5d2a-b0ac-4c8e-9a2c-0d2ea0f4a3d1.local 51000 typ host
m=application 9 UDP/DTLS/SCTP webrtc-datachannel
c=IN IP4 0.0.0.0
a=ice-ufrag:EsAw
a=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1
a=fingerprint:PRINT
a=setup:actpass
a=mid:1
a=sctp-port:5000
""".replace("\n", "\r\n").replace("PRINT", PRINT)

FIREFOX = """\
v=0
o=mozilla...THIS_IS_SDPARTA-99.0 4754132512223513091 0 IN IP4 0.0.0.0
s=-
t=0 0
a=fingerprint:PRINT
a=group:BUNDLE 0
a=ice-options:trickle
a=msid-semantic:WMS *
m=audio 9 UDP/TLS/RTP/SAVPF 109 9 0 8 101
c=IN IP4 0.0.0.0
a=sendrecv
a=fmtp:109 maxplaybackrate=48000;stereo=1;useinbandfec=1
a=fmtp:101 0-15
a=ice-pwd:5b46f7ef1a6ddd9b3bd4ddbbd1d5b9e6
a=ice-ufrag:7f3e1d2c
a=mid:0
a=msid:{1d6a1f5e} {0b4f2a7d}
a=rtcp-mux
a=rtpmap:109 opus/48000/2
a=rtpmap:9 G722/8000/1
a=rtpmap:0 PCMU/8000
a=rtpmap:8 PCMA/8000
a=rtpmap:101 telephone-event/8000/1
a=setup:actpass
a=ssrc:1297301391 cname:{5b3a}
""".replace("\n", "\r\n").replace("PRINT", PRINT)
