import { expect, test } from "bun:test";
import { ANNOUNCEMENT_BYTES_MAX } from "../../../src/base/limits-page.ts";
import { faultFrom } from "../../commands/fake-world.ts";
import { siteWith } from "../site.ts";

test("a person at the server's terminal invites people without an account", async () => {
  const { site, ana } = await siteWith(["ana"], { roomPassword: "room-password" });
  const { token, invite } = await site.server.console.invite({ uses: 1 });
  expect((await ana.request("invites", {})).invites).toEqual([]);
  await site.restart();
  const guest = await site.greeted();
  await guest.request("admit", { secret: token });
  await guest.request("register", guest.registration("ben"));
  const late = await site.greeted();
  expect(await late.refused("admit", { secret: token })).toMatchObject({ code: "not-allowed" });
  expect(invite).toStartWith("i");
});

test("a person at the server's terminal announces and withdraws", async () => {
  const { site, ana } = await siteWith(["ana"]);
  await site.server.console.announce("Page 34");
  expect(await ana.until("announced")).toMatchObject({ text: "Page 34", by: "server" });
  await site.server.console.announce("");
  expect(await ana.until("announced", 2)).toMatchObject({ text: "" });
  const long = site.server.console.announce("x".repeat(ANNOUNCEMENT_BYTES_MAX + 1));
  expect(await faultFrom(() => long)).toMatchObject({ code: "too-large" });
  expect(site.server.console.transfers()).toEqual({ transfers: [], more: 0 });
});
