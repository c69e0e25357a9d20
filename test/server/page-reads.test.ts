import { expect, test } from "bun:test";
import { CONCURRENT_PAGE_READS_MAX } from "../../src/base/limits.ts";
import type { Guest } from "./guest.ts";
import { Site } from "./site.ts";

test("all services share one limit of reads", async () => {
  let [reading, most] = [0, 0];
  const site: Site = await Site.open({
    operatorToken: "token",
    reading: async () => {
      most = Math.max(most, ++reading);
      await new Promise<void>((resolve) => site.clock.after(20, resolve));
      reading--;
    },
  });
  const names = ["ana", "ben", "eve", "dan", "flo", "gus"];
  const guests: Guest[] = [];
  for (const name of names) guests.push(await site.member(name));
  const [ana, ben, eve] = guests as [Guest, Guest, Guest];
  await ana.request("join", { room: "dev", create: true });
  const { token } = await ana.request("invite", { read: "dev" });
  await site.restart();
  const [operator, author, reader] = [
    await site.again(ana, "ana"),
    await site.again(ben, "ben"),
    await site.again(eve, "eve"),
  ];
  await operator.request("operate", { token: "token" });
  const { seq } = await site.wait(author.post("a text"));
  const joining = guests.slice(3).map(async (guest, i) => {
    const next = await site.greeted(undefined, guest.keys);
    next.send("login", next.signedLogin(names[3 + i] ?? ""));
    await next.until("caught-up");
  });
  const headers = { authorization: `Bearer ${token}` };
  const reads = [
    site.fetch("/rooms/dev?after=0", { headers }).then((response) => response.text()),
    operator.request("decisions", {}),
    author.request("edit", { seq, text: "another text" }),
    author.request("erase-all", {}),
    ...[operator, author, reader].map((guest) =>
      guest.request("history", { target: "lobby", limit: 9 }),
    ),
  ];
  await site.wait(Promise.all([...joining, ...reads]));
  expect(most).toBe(CONCURRENT_PAGE_READS_MAX);
});
