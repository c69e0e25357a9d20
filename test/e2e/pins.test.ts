import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { until } from "./deadline.ts";
import { Sandbox } from "./program.ts";

/** Pinned messages, and who has read, from the terminal's side. */

test("pins are put, listed as they say now, taken, exported and verified", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve();
  const bob = await sandbox.home("bob").join(["--user", "bob"]);
  bob.type("/join den");
  await bob.json("joined");
  const eve = await sandbox.home("eve").join(["--user", "eve"]);
  eve.type("/join den");
  await eve.json("joined");
  eve.type("the plan", "/pin");
  expect(await eve.json("fault")).toMatchObject({ code: "not-found" }); // By another user.
  const { seq } = await bob.json("text", { text: "the plan" });
  eve.type(`/pin ${seq}`);
  expect(await eve.json("fault", { code: "not-allowed" })).toBeDefined();
  bob.type("/pin");
  expect(await eve.json("pin")).toMatchObject({ from: "bob", of: seq, on: true });
  eve.type("/edit the other plan");
  await eve.json("edited");
  const before = eve.out.text.length;
  eve.type("/pins");
  const listed = await eve.json("text", { text: "the other plan" });
  expect(listed).toMatchObject({ seq, from: "eve", room: "den" });
  expect(eve.out.text.slice(before)).not.toContain('the plan"');
  eve.type("/pins 1");
  expect(await eve.json("fault", { code: "usage" })).toBeDefined();

  eve.type("/readers");
  expect(await eve.json("fault", { message: "who has read is not shown here" })).toBeDefined();
  bob.type("/receipts on");
  expect(await eve.json("receipts")).toMatchObject({ from: "bob", on: true });
  eve.type("who reads this?");
  await bob.json("text", { text: "who reads this?" });
  bob.type("I do");
  await eve.json("text", { text: "I do" });
  await until("the reading is told", async () => {
    eve.type("/readers");
    const { readers, of, users } = await eve.json("readers");
    expect([of, users]).toEqual([1, readers === 1 ? ["bob"] : []]);
    return readers === 1;
  });

  bob.type(`/unpin ${seq}`);
  expect(await eve.json("pin", { on: false })).toMatchObject({ of: seq });
  const home = sandbox.home("bob");
  const out = sandbox.path("out");
  const exported = await home.run(["export", "--user", "bob", "--room", "den", "--out", out]);
  expect(exported.exitCode).toBe(0);
  expect(readFileSync(join(out, "den.ndjson"), "utf8")).toContain(`"kind":"pin"`);
  const kinds = (await home.json(["history", "--user", "bob", "--room", "den"])).map(
    ({ kind }) => kind,
  );
  const ours = kinds.filter((kind) => kind === "pin" || kind === "receipts");
  expect(ours.join()).toBe("pin,receipts,pin");
  const verified = await home.run(["verify", "--data", served.data]);
  expect(verified.exitCode).toBe(0);
  expect(readFileSync(join(served.data, "history", "000000000001.jsonl"), "utf8")).toContain(
    '"pin"',
  );
});
