import { createDecipheriv, createECDH, createPublicKey, hkdfSync, verify } from "node:crypto";
import {
  concatBytes,
  fromBase64Url,
  toBase64Url,
  utf8Decode,
  utf8Encode,
} from "../../src/base/bytes.ts";

/** A browser and its push service, implemented separately from the RFCs. */
export class PushReceiver {
  readonly key: Uint8Array;
  readonly auth: Uint8Array;
  readonly #curve = createECDH("prime256v1");

  constructor(privateKey?: Uint8Array, auth?: Uint8Array) {
    if (privateKey === undefined) this.#curve.generateKeys();
    else this.#curve.setPrivateKey(privateKey);
    this.key = new Uint8Array(this.#curve.getPublicKey());
    this.auth = auth ?? crypto.getRandomValues(new Uint8Array(16));
  }

  open(body: Uint8Array): string {
    const salt = body.subarray(0, 16);
    const idBytes = body[20] ?? 0;
    const sender = body.subarray(21, 21 + idBytes);
    const sealed = body.subarray(21 + idBytes);
    const secret = this.#curve.computeSecret(sender);
    const info = concatBytes(utf8Encode("WebPush: info\0"), this.key, sender);
    const ikm = new Uint8Array(hkdfSync("sha256", secret, this.auth, info, 32));
    const derive = (purpose: string, bytes: number) =>
      new Uint8Array(hkdfSync("sha256", ikm, salt, `Content-Encoding: ${purpose}\0`, bytes));
    const opener = createDecipheriv("aes-128-gcm", derive("aes128gcm", 16), derive("nonce", 12));
    opener.setAuthTag(sealed.subarray(-16));
    const padded = concatBytes(
      new Uint8Array(opener.update(sealed.subarray(0, -16))),
      new Uint8Array(opener.final()),
    );
    const end = padded.findLastIndex((byte) => byte !== 0);
    if (padded[end] !== 2) throw new Error("it is not the last record");
    return utf8Decode(padded.subarray(0, end));
  }
}

export interface Vapid {
  readonly aud: string;
  readonly exp: number;
  readonly sub: string;
  readonly key: string;
}

export function readVapid(authorization: string): Vapid {
  const [, token = "", key = ""] = /^vapid t=([^,]+), ?k=(\S+)$/.exec(authorization) ?? [];
  const [head = "", claims = "", signature = ""] = token.split(".");
  const point = fromBase64Url(key);
  const [x, y] = [point.subarray(1, 33), point.subarray(33)].map(toBase64Url) as [string, string];
  const signer = createPublicKey({ key: { kty: "EC", crv: "P-256", x, y }, format: "jwk" });
  const isSigned = verify(
    "sha256",
    utf8Encode(`${head}.${claims}`),
    { key: signer, dsaEncoding: "ieee-p1363" },
    fromBase64Url(signature),
  );
  if (!isSigned) throw new Error("the signature is another key's");
  return { ...JSON.parse(utf8Decode(fromBase64Url(claims))), key };
}
