import { expect } from "bun:test";
import { until } from "../event.ts";
import { requires } from "../installed.ts";
import { CHAT } from "./binary.ts";
import { Sandbox } from "./program.ts";
import { Screen } from "./tmux.ts";
import { calledWeek, TEXTS } from "./week.ts";

/** Texts of the calls with a message, in the order of the inbox. */
const CALLS = [
  ["@", "#room-11", "@ana the last"],
  ["!", "#room-7", "@everyone come"],
  ["∗", "#room-6", "the Harbour is open"],
  ["↪", "#room-5", "a reply"],
  ["↪", "#room-4", "an answer"],
  ["@", "#room-2", "@ana new words"],
  ["@", "#room-1", "@ana the first"],
] as const;

/** Rows of the group "For you" without the time. */
function listedCalls(rows: readonly string[]): readonly string[] {
  const [first, last] = [rows.indexOf(" For you"), rows.indexOf(" Threads")];
  return rows.slice(first + 1, last).map((row) => row.replace(/^[▸ ](\S+) +\S+ +/, "$1 "));
}

const sizes = [
  [80, 24],
  [120, 40],
] as const;

requires("tmux").test.each(sizes)(
  "a week away in the full screen at %dx%d: nine calls, all of which are read",
  async (columns, rows) => {
    await using sandbox = new Sandbox();
    const { again, ana } = await calledWeek(sandbox);
    const env = { ...ana.environment, CHAT, LC_ALL: "C.UTF-8" };
    await using screen = await Screen.open(sandbox, "screen", env);
    screen.resize(columns, rows);
    screen.line(`clear; $CHAT join ${again.address}`);
    await screen.shows(/✋ ben calls on you in #room-8 · F8 done/);

    screen.press("M-i");
    const inbox = await screen.shows(new RegExp(`^ Inbox +9 for you · ${TEXTS + 8} unread since`));
    const list = inbox.map((row) => row.slice(columns < 100 ? 0 : row.indexOf("│") + 1));
    expect(listedCalls(list).map((row) => row.split(/ {2,}/))).toEqual([
      ["✋ #room-8", "ben", "calls on you"],
      ["+ #secret", "ben", "ben invites you to #secret"],
      ...CALLS.map(([sign, room, text]) => [
        `${sign} ${room}`,
        text.endsWith("first") ? "carl" : "ben",
        text,
      ]),
    ]);

    // The oldest is the first of those that have arrived; the others join at the next step.
    const walked = new Map(CALLS.map(([, room, text]) => [`${room} ${text}`, { room, text }]));
    screen.press("M-n");
    for (let i = 0; i < CALLS.length; i++) {
      if (i > 0) screen.press("n");
      await screen.until(`call ${i + 1}`, (shown) => {
        const marked = shown.findIndex((row) => row.includes("▸"));
        // A quote may be above the text.
        const rows = shown.slice(marked, marked + 2);
        const [key] =
          [...walked].find(([, { room, text }]) => {
            const isHere = shown[0]?.startsWith(` ${room} `) === true;
            return isHere && rows.some((row) => row.includes(text));
          }) ?? [];
        const isAt = shown.at(-1)?.startsWith(`For you ${i + 1} of `) === true;
        return marked > 0 && isAt && key !== undefined && walked.delete(key);
      });
    }
    expect([...walked.keys()]).toEqual([]);
    await screen.shows(/ last one · n starts again · Esc stays here$/);
    screen.press("Escape");
    await screen.shows(/^#room-11>$/);

    // Space reads on in the rooms with calls first.
    let shown: readonly string[] = screen.rows();
    while (shown.some((row) => /@\d/.test(row))) {
      const before = shown.join("\n");
      screen.press("Space");
      shown = await screen.until("another page", (rows) => rows.join("\n") !== before);
    }

    screen.line("/join secret");
    await screen.shows(/^#secret>$/);
    screen.line("/join room-8");
    await screen.shows(/^#room-8>$/);
    screen.line("/hand");
    await screen.until("no call is left", (rows) => !rows.some((row) => row.includes("✋")));
    const count = async () => (await ana.run(["inbox", "--count"])).out;
    // A fast walk shows a reply in a thread for less than a second, and rooms do not show it. Each
    // check starts the program, so that ten of them leave the reply on the screen long enough.
    let checks = 0;
    await until("no call is counted", async () => {
      if ((await count()).startsWith("0@ ")) return true;
      if (checks++ % 10 === 0) screen.press("M-n");
      return false;
    });
    if (screen.rows().at(-1)?.startsWith("For you") === true) screen.press("Escape");
    await screen.until("no walk", (rows) => rows.at(-1)?.startsWith("For you") === false);
    const unread = async () => Number((await count()).split(" ")[1]);

    screen.line("/read all");
    await screen.shows(/^ {2}Marked [\d,]+ as read · Ctrl-_ undoes$/);
    // The server learns of it only when it can no longer be undone.
    expect(await unread()).toBeGreaterThan(TEXTS / 2);
    screen.press("C-_");
    await screen.until("it is undone", (rows) => !rows.some((row) => row.includes("Marked")));
    await screen.shows(/Inbox +\d/);
    screen.line("/read all");
    await screen.shows(/^ {2}Marked [\d,]+ as read · Ctrl-_ undoes$/);
    screen.press("C-d");
    await screen.shows(/^\$$/);
    expect(await count()).toBe("0@ 0\n");
  },
);
