import { expect, test } from "bun:test";
import { AnnouncementQueue } from "../../../../src/web/view/shell/announcement-queue.ts";
import { VirtualClock } from "../../../client/virtual-clock.ts";

function opened() {
  const clock = new VirtualClock();
  const page = { isHidden: false };
  const announcer = new AnnouncementQueue(clock, () => page.isHidden);
  const spoken: string[] = [];
  const visible = new Set<string>();
  const region = (name: string) => ({
    add: (text: string, isUrgent: boolean) => {
      const line = `${name}: ${text}${isUrgent ? "!" : ""}`;
      spoken.push(line);
      visible.add(line);
      return () => visible.delete(line);
    },
  });
  announcer.addRegion(region("page"));
  const openDialog = () => announcer.addRegion(region("dialog"));
  return { clock, page, announcer, spoken, visible, openDialog };
}

test("announces each event once, also with the same text", async () => {
  const { clock, announcer, spoken, visible } = opened();
  for (let i = 0; i < 3; i++) announcer.announce("message", "ben: ok");
  await clock.advance(1_000);
  announcer.announce("message", "ben: ok");
  announcer.announce("fault", "Refused");
  announcer.announce("message", " ");
  await clock.advance(1_000);
  expect(spoken).toEqual([...Array(4).fill("page: ben: ok"), "page: Refused!"]);
  await clock.advance(60_000);
  expect(spoken).toHaveLength(5);
  expect(visible.size).toBe(0);
  expect(clock.pendingTimers).toBe(0);
});

test("announces only the latest state of what has one text at a time", async () => {
  const { clock, announcer, spoken } = opened();
  const search = {};
  announcer.announce("result", "Searching…", search);
  announcer.announce("message", "ben: ok");
  announcer.announce("result", "1 found", search);
  await clock.advance(1_000);
  announcer.announce("result", "Searching…", search);
  await clock.advance(1_000);
  announcer.announce("result", "Nothing found", search);
  await clock.advance(1_000);
  const later = ["page: Searching…", "page: Nothing found"];
  expect(spoken).toEqual(["page: ben: ok", "page: 1 found", ...later]);
});

test("announces in the open dialog, and after it if it closes in time", async () => {
  const { clock, announcer, spoken, openDialog } = opened();
  const close = openDialog();
  announcer.announce("message", "during");
  await clock.advance(1_000);
  announcer.announce("result", "saved");
  close();
  await clock.advance(1_000);
  announcer.announce("message", "opening");
  openDialog();
  await clock.advance(1_000);
  expect(spoken).toEqual(["dialog: during", "page: saved", "dialog: opening"]);
});

test("announces what the user chose", async () => {
  const { clock, announcer, spoken } = opened();
  for (const level of ["everything", "mine", "nothing"] as const) {
    announcer.level = level;
    announcer.announce("message", `${level} message`);
    announcer.announce("personal", `${level} mention`);
    announcer.announce("fault", `${level} fault`);
  }
  await clock.advance(1_000);
  expect(spoken).toEqual([
    "page: everything message",
    "page: everything mention",
    "page: everything fault!",
    "page: mine mention",
    "page: mine fault!",
  ]);
});

test("keeps the newest texts of a hidden page until it is visible", async () => {
  const { clock, page, announcer, spoken } = opened();
  page.isHidden = true;
  for (let i = 0; i < 1_000; i++) announcer.announce("personal", `${i}`);
  await clock.advance(60_000);
  expect(spoken).toEqual([]);
  page.isHidden = false;
  announcer.flush();
  expect(spoken).toHaveLength(20);
  expect(spoken.at(-1)).toBe("page: 999");
  announcer.flush();
  expect(spoken).toHaveLength(20);
});
