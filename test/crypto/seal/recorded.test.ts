import { expect, test } from "bun:test";
import { utf8Encode } from "../../../src/base/bytes.ts";
import { SealEngine } from "../../../src/crypto/seal/engine.ts";
import { readSealHeader } from "../../../src/crypto/seal/header.ts";
import { importStateKey } from "../../../src/crypto/seal/state-box.ts";
import recorded from "../../vectors/sealed-recorded.json";
import { identityOfSeed } from "../seed-identity.ts";
import { applied } from "./devices.ts";
import { faultOf } from "./fault-of.ts";

const hex = (text: string) => Uint8Array.fromHex(text);
const bound = utf8Encode("recorded");

test("reads the state of an earlier version, and refuses its messages", async () => {
  const engine = await SealEngine.open({
    signer: identityOfSeed(new Uint8Array(32).fill(6)),
    cert: hex(recorded.bobCert),
    servers: [recorded.server],
    unixMs: Date.now,
  });
  const key = await importStateKey(new Uint8Array(32).fill(9));
  const place = { key, lease: "lease", gid: hex(recorded.gid) };
  const group = await engine.load(hex(recorded.state), place);
  expect(group.members.map(({ user }) => String(user))).toEqual(["ana", "bob"]);
  expect(group.policy).toMatchObject({ room: recorded.room, adders: "admins", web: false });
  // Their signature does not cover the record and the epoch.
  expect(await faultOf(engine.decrypt(group, hex(recorded.message), { bound }))).toBe(
    "seal-broken",
  );
  const knowing = { bound, accountOf: () => undefined };
  const next = applied(await engine.process(group, hex(recorded.commit), knowing));
  expect(await faultOf(engine.decrypt(next, hex(recorded.later), { bound }))).toBe("seal-broken");
  expect(readSealHeader(hex(recorded.commit))).toMatchObject({ kind: "commit", epoch: 1 });
  const { kind } = await engine.inspect(hex(recorded.keyPackage), { ...knowing, atUnixMs: 0 });
  expect(kind).toBe("rejected");
});
