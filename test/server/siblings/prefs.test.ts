import { expect, test } from "bun:test";
import { PREFS_PER_SECOND, PREFS_RECORDS_MAX } from "../../../src/base/limits.ts";
import { Sites } from "./sites.ts";

test("what an account sets at one server holds at the others, also behind a blanking", async () => {
  const sites = await Sites.open(2);
  const ana = await sites.site(0).member("ana");
  const { time } = sites.site(0);
  await time.advance(5_000);
  const other = await sites.site(1).again(ana, "ana");
  const room = ana.all("room").find(({ name }) => name === "lobby")?.room ?? "";
  await ana.ask("prefs-set", { room, muted: 0, favourite: true });
  await time.advance(1_000);
  expect(other.all("prefs-set")).toEqual([{ kind: "prefs-set", room, muted: 0, favourite: true }]);
  for (let i = 0; i <= PREFS_RECORDS_MAX; i++) {
    await time.advance(1_000 / PREFS_PER_SECOND);
    await (i % 2 === 0 ? ana : other).ask("save", { room, seq: 1, on: i % 2 === 0 });
  }
  await time.advance(1_000);
  const kept = { rooms: [{ room, muted: 0, favourite: true }], saved: [{ room, seq: 1 }] };
  for (const guest of [ana, other]) expect(await guest.ask("prefs", {})).toMatchObject(kept);
  await sites.stop();
});
