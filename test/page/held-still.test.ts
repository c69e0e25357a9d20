import { expect } from "bun:test";
import { writeFileSync } from "node:fs";
import type { Page } from "playwright-core";
import { Relay } from "../e2e/relay.ts";
import { until } from "../event.ts";
import { pageTest } from "./browser.ts";
import { Finger } from "./finger.ts";
import type { HeadlessUser } from "./headless-user.ts";
import { PageServer } from "./page-server.ts";
import type { Visit } from "./visit.ts";

const server = new PageServer();
const MESSAGES = 160;
const REPLIES = 40;
const OFF_PX_MAX = 1;
const STILL_FRAMES = 12;
const SIZES = [
  [1280, 800],
  [390, 844],
] as const;
const TIMELINE = ".timeline .list";
const THREAD = ".thread .list";
const POLL = { text: "Which day?\n1. Monday\n2. Friday", poll: { options: 2 } };

interface Reader {
  /** Seqs of two rendered messages above the screen, and of those on it. */
  readonly above: number;
  readonly higher: number;
  readonly shown: readonly number[];
}

/** Somebody who reads a list, and how far each event moves the message that they read. */
class ReadingUser {
  readonly #visit: Visit;
  readonly #from: HeadlessUser;
  readonly #room: string;
  readonly #list: string;
  readonly #moved: (readonly [string, number])[] = [];

  /** @param from user who causes the events in the room with this id */
  constructor(visit: Visit, from: HeadlessUser, room: string, list = TIMELINE) {
    this.#visit = visit;
    this.#from = from;
    this.#room = room;
    this.#list = list;
  }

  /** Events that moved the message. */
  get moves(): readonly (readonly [string, number])[] {
    return this.#moved.filter(([, px]) => !(Math.abs(px) <= OFF_PX_MAX));
  }

  /** Records how far the message that is read moves while an event reaches the page. */
  async still(event: string, act: (reader: Reader) => Promise<unknown>): Promise<void> {
    await act(await this.#mark());
    await this.#arrive();
    await this.#record(event);
  }

  /** Records the same for an event that stops all messages. */
  async stillOffline(event: string, act: () => Promise<unknown>): Promise<void> {
    await this.#mark();
    await act();
    await this.#record(event);
  }

  /** Waits until all that was sent before has arrived, because the page shows who writes. */
  async #arrive(): Promise<void> {
    const typing = this.#visit.page.getByText(/ is typing/);
    await this.#from.tab.ask("typing", { room: this.#room, on: true });
    await typing.waitFor();
    await this.#from.tab.ask("typing", { room: this.#room, on: false });
    await typing.waitFor({ state: "detached" });
  }

  /** Marks a message on the screen, and returns what is around it. */
  #mark(): Promise<Reader> {
    return this.#visit.page.evaluate<Reader>(`(() => {
      const list = document.querySelector("${this.#list}").getBoundingClientRect();
      const rows = [...document.querySelectorAll("${this.#list} article[data-seq]")];
      const isShown = (row) => {
        const { top } = row.getBoundingClientRect();
        return top >= list.top && top <= list.bottom - 20;
      };
      const at = rows.findIndex(isShown);
      const seq = (row) => Number(row?.dataset.seq);
      const [first, marked = first] = rows.filter(isShown);
      window.marked = { seq: seq(marked), top: marked.getBoundingClientRect().top };
      const shown = rows.filter(isShown).map(seq);
      return { above: seq(rows[at - 2]), higher: seq(rows[at - 4]), shown };
    })()`);
  }

  async #record(event: string): Promise<void> {
    const px = await this.#visit.page.evaluate<number>(`(async () => {
      // The list has settled when the second frame begins.
      for (let i = 0; i < 2; i++) await new Promise(requestAnimationFrame);
      const { seq, top } = window.marked;
      const row = document.querySelector('${this.#list} article[data-seq="' + seq + '"]');
      return (row?.getBoundingClientRect().top ?? NaN) - top;
    })()`);
    this.#moved.push([event, px]);
  }
}

interface Filled {
  readonly ben: HeadlessUser;
  readonly id: string;
  readonly seqs: readonly number[];
}

/** Creates a room with many messages, and the user who posted them. */
async function fill(room: string): Promise<Filled> {
  const ben = await server.headlessUser(`ben-${room}`);
  await ben.tab.ask("join", { room, create: true });
  const { room: id } = await ben.tab.notice("room", ({ name }) => name === room);
  const seqs = await ben.postMany(MESSAGES, (n) => `line ${n} of many\nand its second`, room);
  return { ben, id, seqs };
}

async function openRoom(visit: Visit, room: string): Promise<void> {
  await visit.send(`/join ${room}`);
  await visit.waitForMessage(`line ${MESSAGES - 1} of many`);
}

/** Turns the wheel, and waits until the list is at rest. */
async function wheelUp({ page }: Visit, turns: number, list = TIMELINE): Promise<void> {
  await page.locator(list).hover();
  const topPx = () => page.locator(list).evaluate(({ scrollTop }) => scrollTop);
  for (let i = 0; i < turns; i++) {
    const before = await topPx();
    await page.mouse.wheel(0, -500);
    await until("the list has moved", async () => (await topPx()) !== before);
  }
  await atRest(page, list);
}

/** Waits until a list has kept its scroll position for some frames. */
function atRest(page: Page, list = TIMELINE): Promise<void> {
  return page.evaluate<void>(`new Promise((resolve) => {
    const list = document.querySelector("${list}");
    let before, still = 0;
    const frame = () => {
      still = list.scrollTop === before ? still + 1 : 0;
      before = list.scrollTop;
      if (still < ${STILL_FRAMES}) requestAnimationFrame(frame);
      else resolve();
    };
    frame();
  })`);
}

/** Runs something that makes an element appear. */
async function showing({ page }: Visit, selector: string, act: () => Promise<unknown>) {
  await act();
  await page.locator(selector).first().waitFor();
}

/** Runs something that makes an element disappear. */
async function hiding({ page }: Visit, selector: string, act: () => Promise<unknown>) {
  await act();
  await page.locator(selector).first().waitFor({ state: "detached" });
}

interface Change {
  readonly event: string;
  readonly act: () => Promise<void>;
}

/** Strips above the messages that appear and disappear. */
function stripChanges(visit: Visit, { ben, seqs }: Filled, room: string): readonly Change[] {
  const pin = (on: boolean) => ben.tab.ask("pin", { seq: seqs[0] ?? 0, on });
  const hand = (on: boolean) => ben.tab.ask("hand", { room, on });
  return [
    { event: "a message is pinned", act: () => showing(visit, ".pin-line", () => pin(true)) },
    { event: "somebody raises a hand", act: () => showing(visit, ".lesson", () => hand(true)) },
    { event: "the pin goes", act: () => hiding(visit, ".pin-line", () => pin(false)) },
    { event: "the hand is lowered", act: () => hiding(visit, ".lesson", () => hand(false)) },
  ];
}

for (const [width, height] of SIZES) {
  pageTest(
    `the reader's line stays in its place while others change the room, ${width} px wide`,
    async () => {
      const room = `still-${width}`;
      const filled = await fill(room);
      const { ben, id } = filled;
      await using ana = await server.logIn(`ana-${width}`, { width, height });
      const { page } = ana;
      await openRoom(ana, room);
      await wheelUp(ana, 6);
      const reader = new ReadingUser(ana, ben, id);
      const long = "a longer text that needs more lines than before. ".repeat(20);
      await reader.still("a message arrives", () => ben.post(long, room));
      await reader.still("many messages arrive", () => ben.postMany(70, (n) => `late ${n}`, room));
      await reader.still("a message above becomes longer", ({ above }) =>
        ben.tab.ask("edit", { seq: above, text: long }),
      );
      await reader.still("a message above becomes shorter", ({ above }) =>
        ben.tab.ask("edit", { seq: above, text: "short" }),
      );
      await reader.still("a message above is deleted", ({ higher }) =>
        ben.tab.ask("erase", { seq: higher }),
      );
      await reader.still("a message above gets a reaction", ({ above }) =>
        ben.post("", room, { react: "👍", re: above }),
      );
      await reader.still("a message above gets a thread", ({ above }) =>
        ben.post("a reply", room, { thread: true, re: above }),
      );
      await reader.still("the last message on the screen gets a reaction", ({ shown }) =>
        ben.post("", room, { react: "🎉", re: shown.at(-1) ?? 0 }),
      );
      await reader.still("the last message on the screen is deleted", ({ shown }) =>
        ben.tab.ask("erase", { seq: shown.at(-1) ?? 0 }),
      );
      for (const { event, act } of stripChanges(ana, filled, room)) await reader.still(event, act);
      await reader.still("the topic changes", () =>
        ben.tab.ask("topic", { room, topic: "Volcanoes" }),
      );
      await reader.still("somebody changes the own name", () =>
        ben.tab.ask("display-name", { text: `Benedikta Amalia ${width}` }),
      );
      const eva = await server.headlessUser(`eva-${width}`);
      await reader.still("people join", () => eva.tab.ask("join", { room }));
      await reader.still("the window becomes narrower", () =>
        page.setViewportSize({ width: width - 60, height }),
      );
      await reader.still("the window becomes lower", () =>
        page.setViewportSize({ width: width - 60, height: height - 120 }),
      );
      await reader.still("the window becomes larger again", () =>
        page.setViewportSize({ width, height }),
      );
      await reader.still("the draft grows to many lines", () =>
        ana.composer.fill("one\ntwo\nthree\nfour\nfive"),
      );
      await reader.still("the draft is deleted", () => ana.composer.fill(""));
      expect(reader.moves).toEqual([]);
    },
  );

  pageTest(
    `the reader's line stays in its place while strips and bars come and go, ${width} px wide`,
    async () => {
      const room = `bars-${width}`;
      const { ben, id } = await fill(room);
      const eva = await server.headlessUser(`eva-${room}`);
      await eva.tab.ask("join", { room });
      await using relay = await Relay.open(server.served.port);
      const user = `ana-${room}`;
      await using ana = await server.logIn(user, { width, height, via: relay });
      await openRoom(ana, room);
      await wheelUp(ana, 6);
      const reader = new ReadingUser(ana, ben, id);
      const announce = (...args: string[]) =>
        server.sandbox
          .home("admin")
          .json(["admin", "announce", ...args, "--data", server.served.data]);
      await reader.still("the operator announces something", () =>
        showing(ana, ".banner", () => announce("Room 12 closes at 5")),
      );
      await reader.still("the announcement is withdrawn", () =>
        hiding(ana, ".banner", () => announce("--withdraw")),
      );
      let poll = 0;
      await reader.still("a poll begins", () =>
        showing(ana, ".lesson", async () => {
          poll = await ben.post(POLL.text, room, { poll: POLL.poll });
        }),
      );
      await reader.stillOffline("the connection is lost", () =>
        hiding(ana, ".lesson", async () => relay.cut()),
      );
      await reader.stillOffline("the connection is back", async () => {
        relay.mend();
        await ana.waitUntilConnected();
        await ana.page.locator(".lesson").waitFor();
      });
      await reader.still("the poll ends", () =>
        hiding(ana, ".lesson", () => ben.tab.ask("poll", { seq: poll })),
      );
      await eva.tab.ask("hand", { room, on: true });
      await reader.still("somebody is called on", () =>
        showing(ana, ".lesson", () =>
          ben.tab.ask("hand", { room, on: false, user: `eva-${room}`, call: true }),
        ),
      );
      await reader.still("the call ends", () =>
        hiding(ana, ".lesson", () => ben.tab.ask("hand", { room, on: false, user: `eva-${room}` })),
      );
      const mute = (on: boolean) => ben.tab.ask("mute", { room, user, on });
      await reader.still("the reader is muted", () =>
        showing(ana, ".composer-closed", () => mute(true)),
      );
      await reader.still("the reader may post again", () =>
        hiding(ana, ".composer-closed", () => mute(false)),
      );
      await reader.still("slow mode is turned on", () => ben.tab.ask("rules", { room, slow: 600 }));
      await reader.still("slow mode is turned off", () => ben.tab.ask("rules", { room, slow: 0 }));
      const path = server.sandbox.path(`${room}.txt`);
      writeFileSync(path, "notes");
      await reader.still("a file is attached", () => ana.attach(path));
      await reader.still("the file is removed", () =>
        hiding(ana, ".attachment", () => ana.attachments.getByRole("button").first().click()),
      );
      await reader.still("a reply begins", ({ shown }) =>
        showing(ana, ".composer-quote", async () => {
          const row = ana.page.locator(`article[data-seq="${shown[2]}"]`);
          await ana.openMenuOf(row.locator(".tools-more"), () => row.hover());
          await ana.menuItem("Reply").click();
        }),
      );
      await reader.still("the reply is given up", () =>
        hiding(ana, ".composer-quote", () => ana.composer.press("Escape")),
      );
      expect(reader.moves).toEqual([]);
    },
  );

  pageTest(`the end of a room stays in view below strips, ${width} px wide`, async () => {
    const room = `end-${width}`;
    const filled = await fill(room);
    await using ana = await server.logIn(`ana-${room}`, { width, height });
    await openRoom(ana, room);
    const belowPx: number[] = [];
    for (const change of stripChanges(ana, filled, room)) {
      await change.act();
      belowPx.push(
        await ana.page.evaluate<number>(`(({ scrollHeight, clientHeight, scrollTop }) =>
        scrollHeight - clientHeight - scrollTop)(document.querySelector("${TIMELINE}"))`),
      );
    }
    expect(belowPx.filter((px) => px > OFF_PX_MAX)).toEqual([]);
  });
}

pageTest("the reader's line in a thread stays in its place beside a strip", async () => {
  const room = "still-thread";
  const filled = await fill(room);
  const { ben, id, seqs } = filled;
  const root = seqs.at(-1) ?? 0;
  await Promise.all(
    Array.from({ length: REPLIES }, (_, n) =>
      ben.post(`reply ${n}`, room, { thread: true, re: root }),
    ),
  );
  await using ana = await server.logIn("ana-thread");
  await openRoom(ana, room);
  await ana
    .message(`line ${MESSAGES - 1} of many`)
    .getByText(`${REPLIES} replies`)
    .click();
  await ana.page
    .locator(".thread article")
    .getByText(`reply ${REPLIES - 1}`)
    .waitFor();
  await wheelUp(ana, 2, THREAD);
  const reader = new ReadingUser(ana, ben, id, THREAD);
  for (const { event, act } of stripChanges(ana, filled, room)) await reader.still(event, act);
  expect(reader.moves).toEqual([]);
});

/** Counts how often the page sets the scroll position of the timeline. */
const COUNT_WRITES = `(() => {
  window.writes = 0;
  const { get, set } = Object.getOwnPropertyDescriptor(Element.prototype, "scrollTop");
  Object.defineProperty(Element.prototype, "scrollTop", {
    get,
    set(px) {
      if (this.matches("${TIMELINE}")) window.writes++;
      set.call(this, px);
    },
  });
})()`;

pageTest("a strip that appears or disappears leaves a finger's scrolling alone", async () => {
  const room = "still-touched";
  const { ben, id } = await fill(room);
  const phone = { width: 390, height: 844, isPhone: true };
  await using ana = await server.logIn("ana-touched", phone);
  await openRoom(ana, room);
  await wheelUp(ana, 6);
  await ana.page.evaluate(COUNT_WRITES);
  const writes = () => ana.page.evaluate<number>("window.writes");
  const reader = new ReadingUser(ana, ben, id);
  const finger = await Finger.of(ana);
  for (const on of [true, false]) {
    const hand = () => ben.tab.ask("hand", { room, on });
    const change = on ? showing : hiding;
    await finger.touchAt(195, 300);
    await finger.moveBy(0, 60);
    await atRest(ana.page);
    const before = await writes();
    await reader.still(`the strip ${on ? "appears" : "disappears"}`, () =>
      change(ana, ".lesson", hand),
    );
    expect(await writes()).toBe(before);
    await reader.still("the finger is lifted", () => finger.lift());
  }
  expect(reader.moves).toEqual([]);
});
