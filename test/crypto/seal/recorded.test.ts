import { expect, test } from "bun:test";
import { utf8Decode, utf8Encode } from "../../../src/base/bytes.ts";
import { SealEngine } from "../../../src/crypto/seal/engine.ts";
import { readSealHeader } from "../../../src/crypto/seal/header.ts";
import { importStateKey } from "../../../src/crypto/seal/state-box.ts";
import recorded from "../../vectors/sealed-recorded.json";
import { identityOfSeed } from "../seed-identity.ts";
import { applied } from "./devices.ts";

const hex = (text: string) => Uint8Array.fromHex(text);
const bound = utf8Encode("recorded");

test("reads the state and messages of an earlier version", async () => {
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
  const first = await engine.decrypt(group, hex(recorded.message), { bound });
  expect(utf8Decode(first.message.body)).toBe(recorded.body);
  expect(first.message.sender.user).toBe("ana" as never);
  const knowing = { bound, accountOf: () => undefined };
  const next = applied(await engine.process(first.group, hex(recorded.commit), knowing));
  const second = await engine.decrypt(next, hex(recorded.later), { bound });
  expect(utf8Decode(second.message.body)).toBe(recorded.laterBody);
  expect(readSealHeader(hex(recorded.commit))).toMatchObject({ kind: "commit", epoch: 1 });
  const { kind } = await engine.inspect(hex(recorded.keyPackage), { ...knowing, atUnixMs: 0 });
  expect(kind).toBe("rejected");
});
