import { createCipheriv, createHmac } from "node:crypto";
import { SocketAddress } from "node:net";
import type { QuicEndpoint, QuicSession } from "node:quic";
import { concatBytes } from "../../src/base/bytes.ts";
import { until, within } from "../event.ts";
import { HOST } from "./quic-relays.ts";
import { type Caller, UdpRelay } from "./udp-relay.ts";

/** Part of a stream, of an id below 64, with less than 16 KiB. */
export interface StreamFrame {
  readonly id: number;
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/**
 * Client whose packets are forged after a real handshake (RFC 9001, section 5, with the labels of
 * RFC 9369), so that it can send frames that no library sends.
 */
export class QuicForger {
  #packets = 1_000_000;

  private constructor(
    private readonly relay: UdpRelay,
    private readonly endpoint: QuicEndpoint,
    readonly session: QuicSession,
    private readonly caller: Caller,
    private readonly connectionId: Uint8Array,
    private readonly keys: PacketKeys,
  ) {}

  static async connect(port: number): Promise<QuicForger> {
    const quic = process.getBuiltinModule("node:quic");
    const relay = await UdpRelay.open({ host: HOST, port });
    const last = Promise.withResolvers<{ caller: Caller; id: Uint8Array }>();
    relay.tap = (way, datagram, caller) => {
      // The packets of a server's clients have ids of eight bytes.
      if (way === "up" && ((datagram[0] ?? 0) & 0x80) === 0) {
        last.resolve({ caller, id: datagram.slice(1, 9) });
      }
      return true;
    };
    const local = new SocketAddress({ address: "0.0.0.0", family: "ipv4" });
    const endpoint = new quic.QuicEndpoint({ address: local });
    const remote = new SocketAddress({ address: HOST, port: relay.port, family: "ipv4" });
    const session = await quic.connect(remote, {
      endpoint,
      alpn: "chat/1",
      servername: "x",
      verifyPeer: "manual",
      keylog: true,
      ciphers: "TLS_AES_128_GCM_SHA256",
    });
    let secret: Uint8Array | undefined;
    session.onkeylog = (line: string) => {
      const [label, , hex = ""] = `${line}`.trim().split(" ");
      if (label === "CLIENT_TRAFFIC_SECRET_0") secret = Uint8Array.fromHex(hex);
    };
    await within("a handshake", session.opened);
    const keys = new PacketKeys(await until("its secret", () => secret));
    const stream = await session.createBidirectionalStream();
    (stream.writer as unknown as { writeSync(bytes: Uint8Array): boolean }).writeSync(
      new Uint8Array(4),
    );
    const { caller, id } = await within("its first packet", last.promise);
    return new QuicForger(relay, endpoint, session, caller, id, keys);
  }

  /** The library must not receive acknowledgements of forged packets. */
  mute(): void {
    this.relay.tap = () => false;
  }

  /** Sends one packet. */
  send(frames: readonly StreamFrame[]): void {
    const encoded = frames.flatMap(({ id, offset, bytes }) => [
      Uint8Array.of(0x0e, id),
      varint(offset),
      Uint8Array.of(0x40 | (bytes.length >> 8), bytes.length & 0xff),
      bytes,
    ]);
    const padded = concatBytes(...encoded, new Uint8Array(4));
    const packet = this.keys.protect(this.connectionId, this.#packets++, padded);
    this.relay.forge("up", packet, this.caller);
  }

  close(): void {
    this.session.destroy();
    void this.endpoint.destroy();
    this.relay.close();
  }
}

class PacketKeys {
  readonly #key;
  readonly #iv;
  readonly #headerKey;

  constructor(secret: Uint8Array) {
    this.#key = expand(secret, "quicv2 key", 16);
    this.#iv = expand(secret, "quicv2 iv", 12);
    this.#headerKey = expand(secret, "quicv2 hp", 16);
  }

  protect(connectionId: Uint8Array, number: number, frames: Uint8Array): Uint8Array {
    const numberBytes = new Uint8Array(4);
    new DataView(numberBytes.buffer).setUint32(0, number);
    const header = concatBytes(Uint8Array.of(0x43), connectionId, numberBytes);
    const nonce = Uint8Array.from(this.#iv);
    for (const [i, byte] of numberBytes.entries()) nonce[8 + i] = (nonce[8 + i] ?? 0) ^ byte;
    const cipher = createCipheriv("aes-128-gcm", this.#key, nonce);
    cipher.setAAD(header);
    const sealed = [cipher.update(frames), cipher.final(), cipher.getAuthTag()];
    const packet = concatBytes(header, ...sealed);
    const sample = packet.subarray(header.length, header.length + 16);
    const mask = createCipheriv("aes-128-ecb", this.#headerKey, null).update(sample);
    packet[0] = (packet[0] ?? 0) ^ ((mask[0] ?? 0) & 0x07);
    for (let i = 0; i < 4; i++) {
      const at = header.length - 4 + i;
      packet[at] = (packet[at] ?? 0) ^ (mask[1 + i] ?? 0);
    }
    return packet;
  }
}

/** HKDF-Expand-Label of TLS 1.3 (RFC 8446, section 7.1). */
function expand(secret: Uint8Array, label: string, length: number): Uint8Array {
  const name = new TextEncoder().encode(`tls13 ${label}`);
  const info = concatBytes(Uint8Array.of(0, length, name.length), name, Uint8Array.of(0));
  return createHmac("sha256", secret)
    .update(concatBytes(info, Uint8Array.of(1)))
    .digest()
    .subarray(0, length);
}

function varint(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, (0x80000000 | value) >>> 0);
  return bytes;
}
