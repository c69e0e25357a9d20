import { expect, test } from "bun:test";
import { deflateRawSync } from "node:zlib";
import fc from "fast-check";
import { fromBase64Url, utf8Decode, utf8Encode } from "../../src/base/bytes.ts";
import { decodeJson, tryDecodeUri, tryUrl } from "../../src/base/decode.ts";
import { Fault } from "../../src/base/fault.ts";
import { jsonOf } from "../../src/cli/import/json.ts";
import { drawPicture, readIndexed } from "../../src/cli/screen/pictures/drawing.ts";
import { parseToml } from "../../src/cli/settings.ts";
import { openZip } from "../../src/cli/zip.ts";
import { unpackPart } from "../../src/client/sealed/handover-part.ts";
import { readNodeMessage } from "../../src/core/cluster/messages.ts";
import { parseProof } from "../../src/core/log/proof-file.ts";
import { decodeList } from "../../src/core/people/list-text.ts";
import { parseDeviceCert } from "../../src/crypto/cert-payload.ts";
import { certificateNames } from "../../src/crypto/certificate.ts";
import { finishCpace, startCpace } from "../../src/crypto/cpace.ts";
import { verifyDeviceCert } from "../../src/crypto/device-cert.ts";
import { parseReleaseKey } from "../../src/crypto/minisign.ts";
import { parseBox } from "../../src/crypto/seal/handover-box.ts";
import { readLifetime, readSealHeader } from "../../src/crypto/seal/header.ts";
import { readGroupState, readMessage, readTree } from "../../src/crypto/seal/mls.ts";
import { certificateHashOf } from "../../src/io/link/certificate-hash.ts";
import { webhookSteps } from "../../src/server/http/webhook-text.ts";
import { parseCheckpoint, parseNote } from "../../src/wire/checkpoint.ts";
import { unpackValue } from "../../src/wire/codec.ts";
import { parseServerSpec } from "../../src/wire/invite.ts";
import { parseIrcLine } from "../../src/wire/irc/line.ts";
import { parseManifest } from "../../src/wire/manifest.ts";
import { mentionsService, questionSubject } from "../../src/wire/mdns.ts";
import { parseObject, parseLine as parseRecordLine } from "../../src/wire/record.ts";
import { sampleSize } from "../samples.ts";
import recorded from "../vectors/sealed-recorded.json";

const cpace = {
  password: utf8Encode("7-tiger-canoe"),
  channel: utf8Encode("channel"),
  sessionId: utf8Encode("session"),
};
const random = new Uint8Array(32).fill(3);
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

/** Valid input, of which the test makes cut and damaged ones. */
const hex = (digits: string) => Uint8Array.fromHex(digits);
const PNG = Uint8Array.fromBase64(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk" +
    "+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
);

/** Decoders of foreign bytes, with a valid input if garbage alone would end at the first byte. */
const DECODERS: Readonly<
  Record<string, readonly [decode: (bytes: Uint8Array) => unknown, valid?: Uint8Array]>
> = {
  MessagePack: [unpackValue, hex("82a16101a162c403010203")],
  "UTF-8": [utf8Decode, utf8Encode("größe")],
  base64url: [(bytes) => fromBase64Url(text(bytes)), utf8Encode("AAEC")],
  JSON: [(bytes) => decodeJson(text(bytes)), utf8Encode('{"a":[1,"b"]}')],
  "JSON of an export": [(bytes) => jsonOf(text(bytes)), utf8Encode('{"a":[1,"b"]}')],
  "a URL": [(bytes) => tryUrl(text(bytes)), utf8Encode("https://[::1]:99/a?b#c")],
  "percent-encoding": [(bytes) => tryDecodeUri(text(bytes)), utf8Encode("%C3%A4")],
  "a server's address": [(bytes) => parseServerSpec(text(bytes)), utf8Encode("chat://a:1/#b")],
  "a record's line": [parseRecordLine],
  "a record's body": [parseObject, utf8Encode('{"text":"a"}')],
  "a signed note": [(bytes) => parseNote(text(bytes))],
  "a checkpoint": [(bytes) => parseCheckpoint(text(bytes))],
  "a proof": [(bytes) => parseProof(text(bytes))],
  "a folder's list": [parseManifest],
  "a line of IRC": [parseIrcLine, utf8Encode("@a=b :c PRIVMSG d :e")],
  "a multicast question": [(bytes) => questionSubject(bytes, "chat")],
  "a multicast answer": [(bytes) => mentionsService(bytes, "chat")],
  "a class list": [decodeList, utf8Encode("name,room\nana,class\n")],
  "a webhook": [(bytes) => [...webhookSteps(text(bytes))], utf8Encode('{"text":"a","blocks":[]}')],
  "a message of a cluster's node": [readNodeMessage],
  "a device certificate": [parseDeviceCert, hex(recorded.bobCert)],
  "a signed device certificate": [verifyDeviceCert, hex(recorded.bobCert)],
  "a PEM certificate": [(bytes) => certificateNames(text(bytes))],
  "the hash of a PEM certificate": [(bytes) => certificateHashOf(text(bytes))],
  "a release key": [(bytes) => parseReleaseKey(text(bytes))],
  "a share of CPace": [
    (bytes) => {
      const { secret, share } = startCpace(cpace, random);
      const message = { share, data: new Uint8Array() };
      return finishCpace(secret, bytes, message, { ...message, share: bytes });
    },
    startCpace(cpace, random).share,
  ],
  "an MLS message": [(bytes) => readMessage("mls_private_message", bytes), hex(recorded.message)],
  "an MLS commit": [(bytes) => readMessage("mls_public_message", bytes), hex(recorded.commit)],
  "a key package": [(bytes) => readMessage("mls_key_package", bytes), hex(recorded.keyPackage)],
  "a ratchet tree": [readTree],
  "a group's state": [readGroupState],
  "the head of an MLS message": [readSealHeader, hex(recorded.message)],
  "the dates of a key package": [readLifetime, hex(recorded.keyPackage)],
  "a hand-over": [parseBox],
  "a part of a hand-over": [unpackPart],
  "a zip archive": [
    (bytes) => [...openZip(bytes).entries].map(([name]) => name),
    deflateRawSync(new Uint8Array(50)),
  ],
  "a setting": [(bytes) => parseToml(text(bytes), "a.toml", "a = 1"), utf8Encode("a = [1]")],
  "pixels of a picture": [readIndexed, PNG],
  "a picture": [
    (bytes) => drawPicture(bytes, { protocol: "kitty", cell: { width: 8, height: 16 } }),
    PNG,
  ],
};

const INPUTS = Object.entries(DECODERS).map(([name, [decode, valid]]) => ({ name, decode, valid }));

test.each(INPUTS)("$name that is garbage or cut throws only faults", async ({ decode, valid }) => {
  const garbage = fc.uint8Array({ maxLength: 300 });
  const whole = valid ?? new Uint8Array();
  const damaged = fc
    .tuple(fc.nat({ max: whole.length }), fc.nat({ max: whole.length }), fc.nat({ max: 255 }))
    .map(([length, at, byte]) => {
      const bytes = whole.slice(0, length);
      if (at < bytes.length) bytes[at] = byte;
      return bytes;
    });
  const check = async (bytes: Uint8Array) => {
    try {
      await decode(bytes);
    } catch (error) {
      expect(error).toBeInstanceOf(Fault);
    }
  };
  const numRuns = sampleSize(100, 5_000);
  await fc.assert(fc.asyncProperty(fc.oneof(garbage, damaged), check), { numRuns });
});
