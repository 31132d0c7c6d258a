/**
 * One connection for sound between this tab and the server: the page offers, the server answers.
 *
 * The server is ICE-lite and checks nothing, so an offer goes out at once, without waiting for candidates.
 */
export type Path = "opening" | "open" | "interrupted" | "broken";

export interface Peer {
  /** A new offer; `restart` asks for a new way through the network on the same connection. */
  offer(how: { restart: boolean }): Promise<string>;
  accept(answer: string): Promise<void>;
  /** Send this track from now on, without a new offer. */
  send(track: MediaStreamTrack): Promise<void>;
  /** False when the far side cannot take digits in the sound. */
  digits(keys: string): boolean;
  close(): void;
}

export interface PeerListener {
  path(path: Path): void;
  sound(stream: MediaStream): void;
}

export type MakePeer = (track: MediaStreamTrack, listener: PeerListener) => Peer;

export const makePeer: MakePeer = (track, listener) => {
  const connection = new RTCPeerConnection({ bundlePolicy: "max-bundle", rtcpMuxPolicy: "require" });
  const sender = connection.addTransceiver(track, { direction: "sendrecv" }).sender;
  connection.ontrack = (event) => {
    listener.sound(new MediaStream([event.track]));
  };
  // The state of the whole, not of ICE alone: a way through the network is no use to keys that were not agreed on.
  connection.onconnectionstatechange = () => {
    switch (connection.connectionState) {
      case "connected":
        listener.path("open");
        break;
      case "disconnected":
        listener.path("interrupted");
        break;
      case "failed":
        listener.path("broken");
        break;
      default:
    }
  };
  return {
    async offer({ restart }) {
      const offer = await connection.createOffer({ iceRestart: restart });
      await connection.setLocalDescription(offer);
      return offer.sdp ?? "";
    },
    accept: (sdp) => connection.setRemoteDescription({ type: "answer", sdp }),
    async send(next) {
      await sender.replaceTrack(next);
    },
    digits(keys) {
      if (!sender.dtmf?.canInsertDTMF) return false;
      sender.dtmf.insertDTMF(sender.dtmf.toneBuffer + keys, 120, 70);
      return true;
    },
    close: () => {
      connection.close();
    },
  };
};
