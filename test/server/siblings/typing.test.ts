import { expect, test } from "bun:test";
import { TYPING_MS, TYPING_TOLD_EVERY_MS } from "../../../src/base/limits.ts";
import { Sites } from "./sites.ts";

test("who types at one server is seen at the others, and ends there by itself", async () => {
  const sites = await Sites.open(3);
  const ana = await sites.site(0).member("ana");
  const ben = await sites.site(1).member("ben");
  const cleo = await sites.site(2).member("cleo");
  const { time } = sites.site(0);
  await time.advance(5_000);
  const room = ben.all("room").find(({ name }) => name === "lobby")?.room ?? "";
  await ben.ask("typing", { room, on: true });
  await time.advance(TYPING_TOLD_EVERY_MS);
  for (const guest of [ana, ben, cleo]) {
    expect(guest.all("typing")).toEqual([{ kind: "typing", room, users: ["ben"] }]);
  }
  await time.advance(TYPING_MS + TYPING_TOLD_EVERY_MS);
  for (const guest of [ana, ben, cleo]) expect(guest.all("typing").at(-1)?.users).toEqual([]);
  await sites.stop();
});
