import { expect, test } from "bun:test";
import { SealedSite } from "./sealed-site.ts";

/** What whoever runs the server is told of a sealed room, with an operator's rights. */

const CANARY = "canary-that-sings";

/** Bytes as text, so that nothing hides in them. */
function plain(value: unknown): string {
  return JSON.stringify(value, (_, one) =>
    one instanceof Uint8Array ? Buffer.from(one).toString("latin1") : one,
  );
}

test("the dashboard shows when, who and what kind; no words, and of no file its name", async () => {
  await using world = await SealedSite.open({ operatorToken: "token" });
  const ana = await world.join("ana");
  const ben = await world.join("ben");
  const eve = await world.join("eve");
  const heard: unknown[] = [];
  eve.liar.lies = {
    tells: (word) => {
      heard.push(word);
      return [word];
    },
  };
  const ask = (kind: string, fields = {}) =>
    world.wait(eve.client.request(kind as "stats", fields));
  await ask("operate", { token: "token" });
  await ask("watch", { on: true });
  await ana.makes("vault");
  await ana.letsIn(ben, "vault");
  await ana.say("vault", CANARY);
  const { seq } = await world.wait(ben.client.post("vault", { text: CANARY, mentions: ["ana"] }));
  await world.wait(ana.client.post("vault", { text: "", react: CANARY.slice(0, 6), re: seq }));
  await ben.hears("vault", CANARY);
  await ana.say("lobby", "in the open");
  await eve.hears("lobby", "in the open");
  for (const kind of ["stats", "clients", "transfers", "rooms"]) await ask(kind);
  const feed = heard.filter((word) => (word as { kind: string }).kind === "event");
  expect(plain(feed)).toContain("vault");
  expect(plain(heard)).toContain("in the open");
  expect(plain(heard)).not.toContain("canary");
});
