import { expect, test } from "bun:test";
import fc from "fast-check";
import { KEY_PACKAGE_MS, KEY_PACKAGE_SKEW_MS } from "../../../src/base/limits-sealed.ts";
import type { SealedGroup } from "../../../src/crypto/seal/group.ts";
import { readLifetime, readSealHeader } from "../../../src/crypto/seal/header.ts";
import { groupOf, POST, ROOM, say, TestDevice } from "./devices.ts";
import { faultOf } from "./fault-of.ts";

test("reads the group, epoch and binding of a member's message", async () => {
  const [ana, bob] = (await Promise.all(
    ["ana", "bob"].map((user) => TestDevice.make({ user })),
  )) as [TestDevice, TestDevice];
  const [first, second] = (await groupOf([ana, bob])) as [SealedGroup, SealedGroup];
  const { message } = await say(ana, first);
  const head = { gid: first.gid, epoch: 1, bound: POST, isNewcomer: false };
  expect(readSealHeader(message)).toEqual({ ...head, kind: "message" });
  const place = { bound: POST, ...bob.accountChecks() };
  const { commit } = await bob.engine.commit(second, { kind: "update" }, place);
  expect(readSealHeader(commit)).toEqual({ ...head, kind: "commit" });
  const info = await ana.engine.groupInfo(first);
  const back = await bob.engine.rejoin(info, { room: ROOM, ...place });
  expect(readSealHeader(back.commit)).toEqual({ ...head, kind: "commit", isNewcomer: true });

  for (let length = 0; length < 50; length++) {
    const reading = Promise.resolve(message.slice(0, length)).then(readSealHeader);
    const fault = await faultOf(reading);
    expect(fault === "frame-malformed" || length >= 39).toBe(true);
  }
  for (const bytes of [back.groupInfo, new Uint8Array(0)]) {
    expect(await faultOf(Promise.resolve(bytes).then(readSealHeader))).toBe("frame-malformed");
  }
});

test("reads the lifetime of a key package, and of nothing else", async () => {
  const ana = await TestDevice.make({ user: "ana" });
  const [pair] = await ana.engine.makeKeyPackages(1);
  const bytes = pair?.keyPackage ?? new Uint8Array();
  const { fromUnixMs = 0, untilUnixMs = 0 } = readLifetime(bytes) ?? {};
  expect(untilUnixMs - fromUnixMs).toBe(KEY_PACKAGE_MS + KEY_PACKAGE_SKEW_MS);
  for (let length = 0; length < 200; length++) {
    expect(readLifetime(bytes.slice(0, length))).toBeUndefined();
  }
  fc.assert(fc.property(fc.uint8Array(), (data) => readLifetime(data) === undefined));
});

test("parses or rejects arbitrary bytes", async () => {
  const heads = fc.constantFrom("00010001", "00010002", "0001000110", "0001000210");
  const bytes = fc.tuple(heads, fc.uint8Array({ maxLength: 80 }));
  await fc.assert(
    fc.asyncProperty(bytes, async ([head, rest]) => {
      const all = new Uint8Array([...Uint8Array.fromHex(head), ...rest]);
      const fault = await faultOf(Promise.resolve(all).then(readSealHeader));
      expect(["no fault", "frame-malformed"]).toContain(fault);
    }),
  );
});
