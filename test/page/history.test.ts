import { expect } from "bun:test";
import { writeFileSync } from "node:fs";
import { PAGE_ROOM_ITEMS_MAX, SCROLL_PAGE_RECORDS } from "../../src/base/limits-page.ts";
import { writeTexts } from "../e2e/full-room.ts";
import { Sandbox } from "../e2e/program.ts";
import { Relay } from "../e2e/relay.ts";
import { until } from "../event.ts";
import { IS_SOAK } from "../samples.ts";
import { pageTest } from "./browser.ts";
import { Finger } from "./finger.ts";
import { pageAddress, photo } from "./fixtures.ts";
import { HeadlessUser } from "./headless-user.ts";
import { PageServer } from "./page-server.ts";
import { scrollIntoView } from "./scroll-into-view.ts";
import type { Visit } from "./visit.ts";

const server = new PageServer();
const LOBBY = 900;
const LOADS = 2;
const WHEEL_PX = 400;
const OFF_PX_MAX = 2;
const STILL_FRAMES = 12;

interface Move {
  readonly seq: number;
  readonly movedPx: number;
  readonly loads: number;
}

function markPosition({ page }: Visit): Promise<void> {
  return page.evaluate<void>(`(() => {
    const list = document.querySelector(".timeline .list");
    const edge = list.getBoundingClientRect().top;
    const rows = [...list.querySelectorAll("article[data-seq]")];
    const first = rows.find((row) => row.getBoundingClientRect().top >= edge);
    window.marked = {
      seq: first.dataset.seq,
      top: first.getBoundingClientRect().top,
      offset: list.scrollTop,
    };
  })()`);
}

function movement({ page }: Visit): Promise<Move> {
  return page.evaluate<Move>(`new Promise((resolve) => {
    const { seq, top } = window.marked;
    let before, still = 0;
    const frame = () => {
      const row = document.querySelector('.list article[data-seq="' + seq + '"]');
      const now = row?.getBoundingClientRect().top ?? NaN;
      const isStill = now === before && document.querySelector(".timeline .loading") === null;
      still = isStill && now !== top ? still + 1 : 0;
      before = now;
      if (still < ${STILL_FRAMES}) return requestAnimationFrame(frame);
      resolve({ seq: Number(seq), movedPx: now - top, loads: window.loads });
    };
    frame();
  })`);
}

/** Counts how often older or newer messages were loaded. */
const RECORD_LOADS = `(() => {
  window.loads = 0;
  new MutationObserver((changes) => {
    for (const { addedNodes } of changes)
      for (const node of addedNodes) if (node.className === "loading") window.loads += 1;
  }).observe(document.querySelector(".timeline"), { childList: true });
})()`;

let filling: Promise<void> | undefined;

function fillLobby(): Promise<void> {
  filling ??= (async () => {
    const [ben, eva] = [await server.headlessUser("ben"), await server.headlessUser("eva")];
    const messageText = (n: number) => `message ${n}. ${"and so on ".repeat(n % 37)}`;
    for (let from = 0; from < LOBBY; from += 20) {
      await eva.postMany(5, (n) => messageText(from + n));
      await ben.postMany(15, (n) => messageText(from + 5 + n));
    }
  })();
  return filling;
}

pageTest("loads older messages without moving visible ones", async () => {
  await fillLobby();
  await using ana = await server.logIn("ana");
  await ana.waitForMessage(`message ${LOBBY - 1}.`);
  await ana.page.evaluate(RECORD_LOADS);
  // Wait, because measured rows move the list.
  await scrollIntoView(ana.message(`message ${LOBBY - 1}.`));
  await ana.page.mouse.move(600, 400);
  const wrong: Move[] = [];
  let loads = 0;
  for (let turns = 0; loads < LOADS && turns < 400; turns++) {
    await markPosition(ana);
    await ana.page.mouse.wheel(0, -WHEEL_PX);
    const move = await movement(ana);
    loads = move.loads;
    if (Math.abs(move.movedPx - WHEEL_PX) > OFF_PX_MAX) wrong.push(move);
  }
  // The first page may leave the top so near that a second page loads at the same time.
  expect(loads).toBeGreaterThanOrEqual(LOADS);
  expect(wrong).toEqual([]);
});

/** Collects frames instead of running them, until `released()` runs them in a single frame. */
const HOLD_FRAMES = `{
  const { requestAnimationFrame: request } = window;
  const held = [];
  window.requestAnimationFrame = (callback) => held.push(callback);
  window.released = () => {
    window.requestAnimationFrame = request;
    request((now) => held.forEach((callback) => callback(now)));
  };
}`;

/** Returns the rows' positions relative to the list in each frame that does not display rows. */
const BLANK_FRAMES = `new Promise((resolve) => {
  const list = document.querySelector(".timeline .list");
  const { port1, port2 } = new MessageChannel();
  const blank = [];
  let frames = 0;
  port1.onmessage = () => {
    const { top, bottom } = list.getBoundingClientRect();
    const rows = [...list.querySelectorAll(".row")]
      .filter((row) => row.checkVisibility({ visibilityProperty: true }))
      .map((row) => row.getBoundingClientRect());
    if (!rows.some((row) => row.top < bottom && row.bottom > top))
      blank.push([(rows[0]?.top ?? 0) - top, (rows.at(-1)?.bottom ?? 0) - top]);
  };
  const frame = () => {
    port2.postMessage(undefined); // Received after the frame is drawn.
    if (++frames < 2 * ${STILL_FRAMES}) requestAnimationFrame(frame);
    else port1.onmessage = () => resolve(blank);
  };
  window.released();
  requestAnimationFrame(frame);
})`;

pageTest("displays rows in each frame if older and new messages load at once", async () => {
  await fillLobby();
  const mia = await server.headlessUser("mia");
  await using ivo = await server.logIn("ivo");
  await ivo.waitForMessage(`message ${LOBBY - 1}.`);
  const session = await ivo.context.newCDPSession(ivo.page);
  await session.send("Network.enable");
  await ivo.page.mouse.move(600, 400);
  for (const n of [0, 1, 2]) {
    let received = 0;
    session.on("Network.webSocketFrameReceived", () => received++);
    await ivo.page.evaluate(HOLD_FRAMES);
    await ivo.page.evaluate(`{
      const list = document.querySelector(".timeline .list");
      list.dispatchEvent(new WheelEvent("wheel", { bubbles: true })); // Stops following.
      list.scrollTop = 100;
    }`);
    await until("older messages", async () => received > 0);
    received = 0;
    await mia.post(`meanwhile ${n}`);
    await until("a new message", async () => received > 0);
    expect(await ivo.page.evaluate(BLANK_FRAMES)).toEqual([]);
  }
});

const HALF = SCROLL_PAGE_RECORDS / 2;

function isMarkedInView({ page }: Visit, text: string): Promise<boolean> {
  return page.evaluate<boolean>(`(() => {
    const list = document.querySelector(".timeline .list").getBoundingClientRect();
    const shown = document.querySelector("article.is-shown");
    if (shown === null || !shown.textContent.includes(${JSON.stringify(text)})) return false;
    const { top, bottom } = shown.getBoundingClientRect();
    return top >= list.top - 1 && bottom <= list.bottom + 1;
  })()`);
}

async function jumpTo(visit: Visit, text: string): Promise<void> {
  await visit.search(text);
  await visit.results.getByText(text).click();
  await until(`${text} is marked and in view`, () => isMarkedInView(visit, text));
  await visit.page.evaluate(`new Promise((resolve) => {
    let still = 0;
    const next = () => {
      still = document.querySelector(".timeline .loading") === null ? still + 1 : 0;
      if (still < ${STILL_FRAMES}) requestAnimationFrame(next);
      else resolve();
    };
    next();
  })`);
  expect([text, await isMarkedInView(visit, text)]).toEqual([text, true]);
}

pageTest("marks a search result and scrolls it into view", async () => {
  await fillLobby();
  await using dora = await server.logIn("dora");
  await dora.waitForMessage(`message ${LOBBY - 1}.`);
  // Near both edges of the loaded messages, because a result loads half a page on each side.
  let n = LOBBY - SCROLL_PAGE_RECORDS + 2;
  for (const up of [0, 1, HALF, HALF + 1, -HALF, 20]) {
    n -= up;
    await jumpTo(dora, `message ${n}.`);
  }
  await dora.page.mouse.move(600, 400);
  await dora.page.mouse.wheel(0, -3_000);
  await until("the result is out of sight", async () => {
    return !(await isMarkedInView(dora, `message ${n}.`));
  });
});

pageTest(
  "filters a search as it is typed, completes names, and explains a bad filter",
  async () => {
    await fillLobby();
    const hugo = await server.headlessUser("hugo");
    await hugo.post("message 17. of hugo");
    await using iris = await server.logIn("iris");
    await iris.waitForMessage("message 17. of hugo");
    await iris.search("message 17. before:soon");
    await iris.page.getByText("is not a time.").waitFor();
    await iris.finder.fill("message 17. from:hu");
    await iris.finder.press("Tab");
    expect(await iris.finder.inputValue()).toBe("message 17. from:hugo");
    await iris.finder.fill("message 17. from:hugo after:yesterday in:here");
    await iris.results.getByText("of hugo").waitFor();
    await until("one result", async () => (await iris.results.count()) === 1);
    expect(await iris.page.getByText("is not a time.").count()).toBe(0);
    await iris.page.keyboard.press("Control+k");
    await iris.send("/search has:love");
    await iris.page.getByText("Unknown filter has:").waitFor();
    const { CHAT_PICTURE: path } = process.env;
    if (path !== undefined) await iris.page.screenshot({ path });
  },
);

pageTest("keeps the position of a message while its menu is open", async () => {
  await fillLobby();
  const emil = await server.headlessUser("emil");
  const gus = await server.window("gus");
  await emil.post("worth an answer");
  await gus.openMenu("worth an answer");
  await gus.menuItem("Reply").waitFor();
  const place = async () =>
    (await gus.message("worth an answer").boundingBox()) ?? { y: Number.NaN };
  const before = await place();
  await emil.postMany(100, (n) => `much later ${n}.`);
  await gus.button(/^(?:9\d|100) new messages$/).waitFor();
  const after = await place();
  expect({ ...after, y: before.y }).toEqual(before);
  expect(Math.abs(after.y - before.y)).toBeLessThanOrEqual(OFF_PX_MAX);
  await gus.menuItem("Reply").click();
  await gus.page.getByText("Replying to emil").waitFor();
  await gus.waitForMessage("much later 99.");
});

/** `npm run soak` has many more messages than the page retains. */
const MESSAGES = IS_SOAK ? 100_000 : 4_000;
/** Pages of records that arrive within one frame are drawn before they are measured. */
const ROWS_MAX = 5 * SCROLL_PAGE_RECORDS;
const HEAP_BYTES_MAX = IS_SOAK ? 40e6 : 16e6;
const JUMPS = Math.min(PAGE_ROOM_ITEMS_MAX + 3_000, MESSAGES - 1_000) / SCROLL_PAGE_RECORDS;

interface Climbed {
  readonly jumps: number;
  readonly rowsMax: number;
}

function scrollUp({ page }: Visit, jumps: number): Promise<Climbed> {
  return page.evaluate<Climbed>(`(async () => {
    const list = document.querySelector(".timeline .list");
    const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
    // Otherwise the page follows the newest message.
    const wheel = new WheelEvent("wheel", { bubbles: true });
    let rowsMax = 0;
    for (let jumps = 0; jumps < ${jumps}; jumps++) {
      list.dispatchEvent(wheel);
      list.scrollTop = 0;
      const end = performance.now() + 15_000;
      do {
        await frame();
        rowsMax = Math.max(rowsMax, document.querySelectorAll(".timeline .row").length);
      } while (list.scrollTop < 200 && performance.now() < end);
      if (list.scrollTop < 200) return { jumps, rowsMax };
    }
    return { jumps: ${jumps}, rowsMax };
  })()`);
}

async function heapBytes({ page, context }: Visit): Promise<number> {
  const session = await context.newCDPSession(page);
  await session.send("HeapProfiler.collectGarbage");
  const { usedSize } = await session.send("Runtime.getHeapUsage");
  await session.detach();
  return usedSize;
}

pageTest(`scrolls up through ${MESSAGES} messages and back in bounded memory`, async () => {
  await using sandbox = new Sandbox();
  const first = await sandbox.serve();
  (await HeadlessUser.open(first, "ben")).tab.close();
  await first.program.signal("SIGTERM");
  const messageText = (n: number) =>
    `message ${n}. ${n === 17 ? "seventeenth " : ""}${"and so on ".repeat(n % 7)}`;
  await writeTexts(first.data, "ben", MESSAGES, messageText);
  const served = await sandbox.serve();
  await using ana = await server.browser.visit(pageAddress(served));
  await ana.logIn("ana");
  const newest = ana.message(`message ${MESSAGES - 1}.`);
  const jump = ana.button(/^Jump to latest/);
  await until("the newest message", async () => {
    if (await newest.isVisible()) return true;
    // The button may disappear during the click, because the page may reach the end first.
    if (await jump.isVisible()) await jump.click({ timeout: 1_000 }).catch(() => undefined);
    return false;
  });
  await ana.waitForMessage(`message ${MESSAGES - 1}.`);
  const { jumps, rowsMax } = await scrollUp(ana, JUMPS);
  expect(jumps).toBe(JUMPS);
  expect(rowsMax).toBeLessThan(ROWS_MAX);
  expect(await heapBytes(ana)).toBeLessThan(HEAP_BYTES_MAX);

  await ana.search("seventeenth");
  await ana.results.getByText("message 17.").click();
  await ana.waitForMessage("message 17.");
  await scrollUp(ana, 1);
  await ana.waitForMessage("message 0.");
  expect(await ana.page.locator(".timeline .row").count()).toBeLessThan(ROWS_MAX);
  // The walk through the results stands where the button is.
  await ana.button("Stay here").click();
  await ana.button(/^Jump to latest/).click();
  await ana.waitForMessage(`message ${MESSAGES - 1}.`);
  expect(await heapBytes(ana)).toBeLessThan(HEAP_BYTES_MAX);

  const list = ana.page.locator(".timeline .list");
  await list.press("Home");
  await ana.waitForMessage("message 0.");
  await list.press("End");
  await ana.waitForMessage(`message ${MESSAGES - 1}.`);
  const goTo = async (date: string) => {
    await ana.room("lobby").hover();
    await ana.button("Actions for lobby").click();
    await ana.menuItem("Go to date").click();
    await ana.field("Date").fill(date);
    await ana.button("Go").click();
    await ana.dialog("Go to date").waitFor({ state: "detached" });
  };
  await goTo("1999-12-31");
  await ana.waitForMessage("message 0.");
  await goTo("2999-12-31");
  await ana.waitForMessage(`message ${MESSAGES - 1}.`);
});

pageTest("moves no visible message when pictures above it arrive late", async () => {
  await fillLobby();
  const ben = server.sandbox
    .home("pia")
    .with({ CHAT_INVITE: server.served.invite, CHAT_USER: "pia" });
  // Lower, and narrower, than the place of a picture of unknown size.
  for (const [name, width, height] of [
    ["wide.png", 1_500, 100],
    ["narrow.png", 100, 700],
  ] as const) {
    writeFileSync(server.sandbox.path(name), photo(width, height));
    await ben.json(["send-file", server.sandbox.path(name)]);
  }
  const zoe = await server.headlessUser("zoe");
  await zoe.postMany(25, (n) => `below the pictures ${n}. ${"and so on ".repeat(n % 9)}`);
  await using relay = await Relay.open(server.served.port);
  await using lou = await server.logIn("lou", { via: relay });
  await lou.waitForMessage("below the pictures 24.");
  const missing = lou.page.locator(".timeline .picture:not(:has(img))");
  const stalled = relay.stallAfter("up", 1);
  await until("a row with a missing picture is drawn", async () => {
    await lou.page.evaluate(`new Promise((drawn) => {
      const list = document.querySelector(".timeline .list");
      list.dispatchEvent(new WheelEvent("wheel", { bubbles: true })); // Stops following.
      list.scrollTop -= 100;
      requestAnimationFrame(() => requestAnimationFrame(drawn));
    })`);
    return (await missing.count()) > 0;
  });
  await stalled;
  await markPosition(lou);
  relay.release();
  await until("the pictures are drawn", () =>
    lou.page.evaluate<boolean>(`document.querySelector(".timeline .picture img") !== null &&
      [...document.querySelectorAll(".timeline .picture")].every((picture) =>
        picture.querySelector("img")?.complete)`),
  );
  const movedPx = await lou.page.evaluate<number>(
    `document.querySelector('.list [data-seq="' + marked.seq + '"]')
      .getBoundingClientRect().top - marked.top`,
  );
  expect(Math.abs(movedPx)).toBeLessThanOrEqual(OFF_PX_MAX);
});

/**
 * Records what the finger and the list did when the page set a scroll position, and how far the
 * marked message moved in that frame.
 */
const RECORD_WRITES = `(() => {
  window.writes = [];
  window.jumpsPx = [];
  let lastMs = 0, topBefore;
  window.motion = "none";
  window.wrote = false;
  addEventListener("touchstart", () => { window.motion = "touched"; }, true);
  addEventListener("touchend", () => { window.motion = "coasting"; }, true);
  addEventListener("scroll", () => { lastMs = performance.now(); }, true);
  const { get, set } = Object.getOwnPropertyDescriptor(Element.prototype, "scrollTop");
  Object.defineProperty(Element.prototype, "scrollTop", {
    get,
    set(px) {
      if (window.motion !== "none" && this.matches(".timeline .list")) {
        const isAtRest = performance.now() - lastMs > 100;
        window.writes.push(isAtRest ? "rest" : window.motion);
        window.wrote = true;
      }
      set.call(this, px);
    },
  });
  const frame = () => {
    const seq = window.marked?.seq;
    const row = document.querySelector('.list [data-seq="' + seq + '"]');
    const top = row?.getBoundingClientRect().top;
    if (window.wrote) window.jumpsPx.push(top - topBefore);
    window.wrote = false;
    topBefore = top;
    requestAnimationFrame(frame);
  };
  frame();
})()`;

/** More than the finger scrolls, and near enough to the start that older messages are loaded. */
const TOUCHED_AT_PX = 700;

/** Scrolls the list, and returns its position after some frames. */
function settledTop(px: number): string {
  return `new Promise((resolve) => {
    const list = document.querySelector(".timeline .list");
    list.scrollTop = ${px};
    let frames = 0;
    const frame = () => {
      if (++frames < ${STILL_FRAMES}) requestAnimationFrame(frame);
      else resolve(list.scrollTop);
    };
    frame();
  })`;
}

pageTest("sets no scroll position while a finger scrolls or the list coasts", async () => {
  await fillLobby();
  await using relay = await Relay.open(server.served.port);
  const phone = { width: 390, height: 844, isPhone: true, via: relay };
  await using flo = await server.logIn("flo", phone);
  const finger = await Finger.of(flo);
  const at = (script: string) => flo.page.evaluate<number>(script);
  const writes = () => flo.page.evaluate<string[]>("window.writes");
  const list = 'document.querySelector(".timeline .list")';
  const top = `document.querySelector('.list [data-seq="' + marked.seq + '"]')
    .getBoundingClientRect().top`;
  const isLoading = () => flo.page.locator(".timeline .loading").isVisible();
  await flo.page.locator("article.message").last().waitFor();
  await flo.page.evaluate(RECORD_WRITES);
  for (let round = 1; round <= 2; round++) {
    const stalled = relay.stallAfter("up", 1);
    await flo.page.evaluate(`void (${list}.scrollTop = 1_500)`);
    // Rows that are drawn for the first time correct the position, after which the finger could
    // reach the start of the list, where the page shows the first row.
    await until("the list stays where it was scrolled to", async () => {
      return (await at(settledTop(TOUCHED_AT_PX))) === TOUCHED_AT_PX;
    });
    await until("older messages are loading", isLoading);
    await stalled;
    await flo.page.evaluate("(writes = [], jumpsPx = [], wrote = false, motion = 'none')");
    await finger.touchAt(195, 300);
    await finger.moveBy(0, 100);
    await markPosition(flo);
    const offset = await at("marked.offset");
    relay.release();
    await until("older messages are loaded", async () => !(await isLoading()));
    await finger.moveBy(0, 200);
    await until("the list follows the finger", () =>
      at(`${list}.scrollTop`).then((px) => px <= offset - 190),
    );
    const movedPx = await at(`${top} - marked.top + ${list}.scrollTop`);
    expect(Math.abs(movedPx - offset)).toBeLessThanOrEqual(OFF_PX_MAX);
    // Chromium cancels a touch that scrolls, so a finger at rest is as good as lifted.
    expect((await writes()).filter((motion) => motion !== "rest")).toEqual([]);
    await finger.lift();
    await until("the position is set", async () => (await at("jumpsPx.length")) > 0);
    expect(new Set(await writes())).toEqual(new Set(["rest"]));
    const jumpPx = await flo.page.evaluate<number[]>("window.jumpsPx");
    expect(Math.max(...jumpPx.map(Math.abs))).toBeLessThanOrEqual(OFF_PX_MAX);
  }
});
