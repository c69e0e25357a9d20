import { expect } from "bun:test";
import { pageTest } from "./browser.ts";
import { PageServer } from "./page-server.ts";
import type { Visit } from "./visit.ts";

const server = new PageServer();
const MESSAGES = 160;
const OFF_PX_MAX = 1;

interface Reader {
  /** Seqs of two rendered messages above the screen, and of those on it. */
  readonly above: number;
  readonly higher: number;
  readonly shown: readonly number[];
}

/** Marks a message on the screen, and returns what is around it. */
function look({ page }: Visit): Promise<Reader> {
  return page.evaluate<Reader>(`(() => {
    const list = document.querySelector(".timeline .list").getBoundingClientRect();
    const rows = [...document.querySelectorAll(".timeline .list article[data-seq]")];
    const isShown = (row) => {
      const { top } = row.getBoundingClientRect();
      return top >= list.top && top <= list.bottom - 20;
    };
    const at = rows.findIndex(isShown);
    const seq = (row) => Number(row.dataset.seq);
    const [first, marked = first] = rows.filter(isShown);
    window.marked = { seq: seq(marked), top: marked.getBoundingClientRect().top };
    const shown = rows.filter(isShown).map(seq);
    return { above: seq(rows[at - 2]), higher: seq(rows[at - 4]), shown };
  })()`);
}

/** Distance by which the marked message has moved on the screen. */
function movedPx({ page }: Visit): Promise<number> {
  return page.evaluate<number>(`new Promise((resolve) => requestAnimationFrame(() => {
    const { seq, top } = window.marked;
    const row = document.querySelector('.timeline .list article[data-seq="' + seq + '"]');
    resolve((row?.getBoundingClientRect().top ?? NaN) - top);
  }))`);
}

for (const [width, height] of [
  [1280, 800],
  [390, 844],
] as const) {
  pageTest(
    `the reader's line stays in its place while others change the room, ${width} px wide`,
    async () => {
      const room = `still-${width}`;
      const ben = await server.headlessUser(`ben-${width}`);
      await ben.tab.ask("join", { room, create: true });
      const { room: id } = await ben.tab.notice("room", ({ name }) => name === room);
      await ben.postMany(MESSAGES, (n) => `line ${n} of many\nand its second`, room);
      await using ana = await server.logIn(`ana-${width}`, { width, height });
      const { page } = ana;
      await ana.send(`/join ${room}`);
      await ana.waitForMessage(`line ${MESSAGES - 1} of many`);
      await page.mouse.move(width / 2, height / 2);
      for (let i = 0; i < 6; i++) await page.mouse.wheel(0, -500);
      await ana.button(/^Jump to latest/).waitFor();

      /** All that was sent before has arrived when the page shows that ben writes. */
      const arrive = async () => {
        const typing = page.getByText(/ is typing/);
        await ben.tab.ask("typing", { room: id, on: true });
        await typing.waitFor();
        await ben.tab.ask("typing", { room: id, on: false });
        await typing.waitFor({ state: "detached" });
      };
      const moves: Record<string, number> = {};
      const still = async (name: string, act: (reader: Reader) => Promise<unknown>) => {
        const reader = await look(ana);
        await act(reader);
        await arrive();
        moves[name] = await movedPx(ana);
      };
      const long = "a longer text that needs more lines than before. ".repeat(20);
      await still("a message arrives", () => ben.post(long, room));
      await still("many messages arrive", () => ben.postMany(70, (n) => `late ${n}`, room));
      await still("a message above becomes longer", ({ above }) =>
        ben.tab.ask("edit", { seq: above, text: long }),
      );
      await still("a message above becomes shorter", ({ above }) =>
        ben.tab.ask("edit", { seq: above, text: "short" }),
      );
      await still("a message above is deleted", ({ higher }) =>
        ben.tab.ask("erase", { seq: higher }),
      );
      await still("a message above gets a reaction", ({ above }) =>
        ben.post("", room, { react: "👍", re: above }),
      );
      await still("a message above gets a thread", ({ above }) =>
        ben.post("a reply", room, { thread: true, re: above }),
      );
      await still("the last message on the screen gets a reaction", ({ shown }) =>
        ben.post("", room, { react: "🎉", re: shown.at(-1) ?? 0 }),
      );
      await still("the last message on the screen is deleted", ({ shown }) =>
        ben.tab.ask("erase", { seq: shown.at(-1) ?? 0 }),
      );
      await still("the topic changes", () => ben.tab.ask("topic", { room, topic: "Volcanoes" }));
      await still("somebody changes the own name", () =>
        ben.tab.ask("display-name", { text: `Benedikta Amalia ${width}` }),
      );
      await still("people join", async () => {
        const eva = await server.headlessUser(`eva-${width}`);
        await eva.tab.ask("join", { room });
      });
      await still("the window becomes narrower", () =>
        page.setViewportSize({ width: width - 60, height }),
      );
      await still("the window becomes lower", () =>
        page.setViewportSize({ width: width - 60, height: height - 120 }),
      );
      await still("the window becomes larger again", () => page.setViewportSize({ width, height }));
      await still("the draft grows to many lines", () =>
        ana.composer.fill("one\ntwo\nthree\nfour\nfive"),
      );
      await still("the draft is deleted", () => ana.composer.fill(""));
      const moved = Object.entries(moves).filter(([, px]) => !(Math.abs(px) <= OFF_PX_MAX));
      expect(moved).toEqual([]);
    },
  );
}
