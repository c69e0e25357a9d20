/** Signed and optionally encrypted datagrams of `chat lan`. */

import { argon2 } from "node:crypto";
import { promisify } from "node:util";
import { concatBytes, toHex, utf8Encode } from "../base/bytes.ts";
import { asFault } from "../base/fault.ts";
import type { LanDatagram, UnreadableKind } from "../core/lan/lan.ts";
import type { Fingerprint } from "../wire/fingerprint.ts";
import {
  decodeLanBody,
  encodeLanBody,
  encodeLanHead,
  isLanDatagram,
  joinLanDatagram,
  LAN_SESSION_BYTES,
  type LanBody,
  type SignedLanDatagram,
  splitLanDatagram,
} from "../wire/lan.ts";
import { openWithNonce, sealWithNonce } from "./aes-gcm.ts";
import { GCM_NONCE_BYTES } from "./gcm-sizes.ts";
import { fingerprintOf, type Identity, verifySignature } from "./identity.ts";
import { lanBytes } from "./signed-bytes.ts";

export interface LanEnvelopeOptions {
  readonly device: Identity;
  readonly groupAddress: string;
  readonly key: Uint8Array | undefined;
  readonly randomBytes: (sizeBytes: number) => Uint8Array;
}

export type LanMessage = Omit<LanDatagram, "address">;

export class LanEnvelope {
  readonly #session;

  constructor(private readonly options: LanEnvelopeOptions) {
    this.#session = options.randomBytes(LAN_SESSION_BYTES);
  }

  get session(): string {
    return toHex(this.#session);
  }

  get keyId(): Fingerprint {
    return this.options.device.fingerprint;
  }

  write(message: Pick<LanMessage, "body" | "sequence" | "timeUnixMs">): Uint8Array {
    const { body, ...header } = message;
    const { device, groupAddress, key, randomBytes } = this.options;
    const isSealed = key !== undefined;
    const head = encodeLanHead({
      ...header,
      kind: body.kind,
      isSealed,
      key: device.publicKey,
      session: this.#session,
    });
    const plain = encodeLanBody(body, isSealed);
    const content = isSealed
      ? sealWithNonce(key, randomBytes(GCM_NONCE_BYTES), head, plain)
      : plain;
    const signed = concatBytes(head, content);
    return joinLanDatagram(signed, device.sign(lanBytes(groupAddress, signed)));
  }

  /**
   * Never throws.
   * @returns the content, or the reason why the datagram is unreadable
   */
  read(bytes: Uint8Array): LanMessage | UnreadableKind {
    if (!isLanDatagram(bytes)) return "plain";
    try {
      const parts = splitLanDatagram(bytes);
      const { groupAddress, key } = this.options;
      if (parts.head.isSealed !== (key !== undefined)) {
        return parts.head.isSealed ? "sealed" : "open";
      }
      const body = this.#decryptBody(parts);
      if (body === undefined) return "sealed";
      const { key: publicKey, session, sequence, timeUnixMs } = parts.head;
      if (!verifySignature(publicKey, lanBytes(groupAddress, parts.signedBytes), parts.signature)) {
        return "malformed";
      }
      const keyId = fingerprintOf(publicKey);
      return { keyId, session: toHex(session), sequence, timeUnixMs, body };
    } catch (error) {
      return asFault(error).code === "version-unsupported" ? "version" : "malformed";
    }
  }

  #decryptBody({ head, headBytes, body }: SignedLanDatagram): LanBody | undefined {
    const { key } = this.options;
    const plain = key === undefined ? body : openWithNonce(key, headBytes, body);
    return plain === undefined ? undefined : decodeLanBody(head.kind, plain);
  }
}

/**
 * An attacker who has captured a single datagram can guess passwords offline, so each guess must be
 * expensive.
 * @see RFC 9106, section 4, the second recommended option
 */
const ARGON2ID = { memory: 64 * 1024, passes: 3, parallelism: 4, tagLength: 32 } as const;

export async function lanKey(password: string, groupAddress: string): Promise<Uint8Array> {
  const nonce = utf8Encode(`chat/1 lan ${groupAddress}`);
  const derive = promisify(argon2);
  return new Uint8Array(
    await derive("argon2id", { ...ARGON2ID, message: utf8Encode(password), nonce }),
  );
}
