import { expect, test } from "bun:test";
import { CATCH_UP_RECORDS_MAX, READ_NOTICE_INTERVAL_MS } from "../../../src/base/limits.ts";
import { Site } from "../../server/site.ts";
import { openLineMode } from "../../ui/parity/interfaces.ts";

const PASSWORD = "sesame for ana";

/** Output of den's line mode, whose reader stalls until ana may have been removed. */
async function printed(isRemoved: boolean) {
  const site = await Site.open();
  const ana = await openLineMode(site);
  await site.wait(ana.chat.passwd(PASSWORD));
  const ben = await site.member("ben");
  const cleo = await site.member("cleo");
  await ben.request("join", { room: "den", create: true });
  await cleo.request("join", { room: "den" });
  await ana.type("/join den");
  await ana.type("/join lobby");
  const from = ana.output.text.length;
  const { promise, resolve } = Promise.withResolvers<void>();
  ana.output.room = promise;
  cleo.hangUp();
  await site.wait(ben.post("printed last", "den"));
  await site.quiet();
  await site.wait(ben.post("unread", "den"));
  const phone = await site.greeted();
  await phone.request("login", phone.passwordLogin("ana", PASSWORD));
  const { n = 0 } = ben.records.at(-1)?.head ?? {};
  await phone.request("read", { room: ben.roomId("den"), n });
  await site.time.advance(READ_NOTICE_INTERVAL_MS + 50);
  site.network.cut(({ remote }) => remote.host === "10.0.0.7");
  const texts = Array.from({ length: CATCH_UP_RECORDS_MAX + 9 }, (_, i) => `text ${i}`);
  await site.wait(Promise.all(texts.map((text) => ben.post(text, "den"))));
  await site.until("ana is back", () => ana.chat.isConnected || undefined);
  await site.quiet();
  if (isRemoved) await ben.request("kick", { room: "den", user: "ana" });
  await site.quiet();
  ana.output.room = Promise.resolve();
  resolve();
  await site.quiet();
  const lines = ana.output.text.slice(from).split("\n").filter(Boolean);
  const kinds = lines
    .map((line) => JSON.parse(line))
    .flatMap(({ kind, room }) => (room === "den" ? [kind] : []));
  const skipped = /earlier messages? in den/.test(ana.notes) ? ["skipped"] : [];
  await ana.close();
  return new Set([...kinds, ...skipped]);
}

test("omits presence, read marks and skipped records of a room that was left", async () => {
  const late = ["presence", "read", "skipped"];
  const present = await printed(false);
  expect(late.filter((kind) => present.has(kind))).toEqual(late);
  const left = await printed(true);
  expect(late.filter((kind) => left.has(kind))).toEqual([]);
});
