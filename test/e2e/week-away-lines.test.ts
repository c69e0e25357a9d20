import { expect } from "bun:test";
import { Pty } from "./pty.ts";
import { sandboxTest } from "./shared-server.ts";
import { calledWeek, TEXTS } from "./week.ts";

/** A page of a terminal with 30 rows. */
const PAGE_ROWS = 28;
const UNREAD = TEXTS + 8;

function withoutControls(text: string): string {
  return text.replaceAll(/\x1b\[[0-9;?]*[A-Za-z]|\r/g, "");
}

sandboxTest(
  "a week away, in line mode: lists nine calls, and reads on to the end",
  async (sandbox) => {
    const { ana } = await calledWeek(sandbox);
    await using terminal = new Pty(sandbox, {
      args: ["join", "--plain", "--user", "ana"],
      cwd: sandbox.folder,
      env: { ...ana.environment, NO_COLOR: "1" },
    });
    const written = () => withoutControls(terminal.written);
    await terminal.until("the end of the list", () =>
      written().includes("To read on: an empty line."),
    );
    const start = written();
    expect(start).toContain(`9 for you, ${UNREAD} unread since `);
    const calls = start.split("\n").filter((line) => /^ {2}\d+\. /.test(line));
    expect(calls.map((line) => line.replaceAll(/, (\w+ )?\d\d:\d\d/g, "").trim())).toEqual([
      "1. ben calls on you in room-8. To end: /hand",
      "2. ben invites you to secret. To join: /join secret",
      "3. ben mentions you in room-11: @ana the last",
      "4. ben calls everyone in room-7: @everyone come",
      "5. ben names a keyword of yours in room-6: the Harbour is open",
      "6. ben answers in a thread in room-5: a reply",
      "7. ben answers you in room-4: an answer",
      "8. ben mentions you in room-2: @ana new words",
      "9. carl mentions you in room-1: @ana the first",
    ]);
    expect(start).toMatch(/^Rooms: .*room-\d+ \d+/m);
    expect(start).not.toContain("nothing for her");
    // Nothing is read by printing the list.
    expect((await ana.run(["inbox", "--count"])).out).toBe(`9@ ${UNREAD}\n`);

    let pages = 0;
    for (let isOver = false; !isOver; pages++) {
      const from = terminal.written.length;
      terminal.line("");
      const page = () => withoutControls(terminal.written.slice(from));
      await terminal.until("a page", () => /\n.*\nlobby> $/s.test(page()));
      if (pages === 0) {
        // The calls were printed in full; the hand and the invitation wait.
        const isCounted = async () => (await ana.run(["inbox", "--count"])).out.startsWith("2@ ");
        while (!(await isCounted())) expect(page()).not.toContain("Everything read.");
      }
      isOver = page().includes("Everything read.");
      expect(page().split("\n").length).toBeLessThanOrEqual(PAGE_ROWS + 3);
    }
    const read = written().slice(start.length);
    const texts = read.match(/nothing for her \d+/g) ?? [];
    expect(new Set(texts).size).toBe(TEXTS - 1);
    expect(texts).toHaveLength(TEXTS - 1);
    expect(pages).toBeLessThanOrEqual(Math.ceil((UNREAD + 40) / (PAGE_ROWS - 1)));
    for (const text of ["@ana old words", "was a mistake", "gone", "@ana gone"])
      expect(read).not.toContain(text);
    for (const text of ["@ana new words", "@ana added later", "a text without her", "a mistake"])
      expect(read).toContain(text);
    terminal.line("/go 1");
    await terminal.shows(/^room-8>$/);
    terminal.line("/hand");
    await terminal.until("the hand", () => /ana lowered \w+ hand\n/.test(written()));
    terminal.line("/join secret");
    await terminal.shows(/^secret>$/);
    terminal.type("\x04");
    expect(await terminal.ended()).toBe(0);
    expect((await ana.run(["inbox", "--count"])).out).toBe("0@ 0\n");
  },
);
