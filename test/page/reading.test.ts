import { expect } from "bun:test";
import { Sandbox } from "../e2e/program.ts";
import { pageTest, sharedBrowser } from "./browser.ts";
import { pageAddress } from "./scenery.ts";
import { still } from "./still.ts";
import { Talker } from "./talk.ts";
import type { Visit } from "./visit.ts";

/** What somebody reads while more is put before it. */

const browser = sharedBrowser();
const MESSAGES = 900;
/** Pages of older messages that come meanwhile. */
const LOADS = 3;
const WHEEL_PX = 240;
/** Of every place on the screen, by rounding. */
const OFF_PX_MAX = 2;
/** A step of a scroll that what is drawn ahead has to cover. */
const STEP_PX_MAX = 500;
/** So many frames in which nothing moves, and nothing is asked for. */
const STILL_FRAMES = 12;

interface Move {
  readonly seq: number;
  readonly movedPx: number;
  readonly loads: number;
}

/** Marks the topmost message that is seen whole, and where it is. */
function mark({ page }: Visit): Promise<void> {
  return page.evaluate<void>(`(() => {
    const list = document.querySelector(".timeline .list");
    const edge = list.getBoundingClientRect().top;
    const rows = [...list.querySelectorAll("article[data-seq]")];
    const first = rows.find((row) => row.getBoundingClientRect().top >= edge);
    window.marked = { seq: first.dataset.seq, top: first.getBoundingClientRect().top };
  })()`);
}

/** How far it is from there, once all is still. */
function moved({ page }: Visit): Promise<Move> {
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

pageTest("whoever turns the wheel up reads on: what comes before moves nothing", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve({ args: ["--posts-per-second", "1000000"] });
  const [ben, eva] = [await Talker.open(served, "ben"), await Talker.open(served, "eva")];
  const said = (n: number) => `message ${n}. ${"and so on ".repeat(n % 37)}`;
  for (let from = 0; from < MESSAGES; from += 20) {
    await eva.fills(5, (n) => said(from + n));
    await ben.fills(15, (n) => said(from + 5 + n));
  }
  for (const { tab } of [ben, eva]) tab.close();
  await using ana = await browser.visit(pageAddress(served));
  await ana.enter("ana");
  await ana.sees(`message ${MESSAGES - 1}.`);
  await ana.page.evaluate(`(() => {
    window.loads = 0;
    new MutationObserver((changes) => {
      for (const { addedNodes } of changes)
        for (const node of addedNodes) if (node.className === "loading") window.loads += 1;
    }).observe(document.querySelector(".timeline"), { childList: true });
  })()`);
  await still(ana.message(`message ${MESSAGES - 1}.`)); // Rows that are measured move, too.
  await ana.page.mouse.move(600, 400);
  const wrong: Move[] = [];
  let loads = 0;
  for (let turns = 0; loads < LOADS && turns < 400; turns++) {
    await mark(ana);
    await ana.page.mouse.wheel(0, -WHEEL_PX);
    const move = await moved(ana);
    loads = move.loads;
    if (Math.abs(move.movedPx - WHEEL_PX) > OFF_PX_MAX) wrong.push(move);
  }
  expect(loads).toBe(LOADS);
  expect(wrong).toEqual([]);
});

interface Scrolled {
  readonly steps: number;
  /** Steps after which what was drawn until then did not reach so far. */
  readonly blank: number;
  /** The least that was drawn below what is seen. */
  readonly behindPx: number;
}

pageTest("whoever scrolls up sees words at each step, however tall they turn out", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve({ args: ["--posts-per-second", "1000000"] });
  const ben = await Talker.open(served, "ben");
  // All of them come at once: nothing is put before them meanwhile.
  await ben.fills(90, (n) => "a line\n".repeat(1 + ((n * 7) % 12)));
  await ben.says("the last one");
  await using ana = await browser.visit(pageAddress(served));
  await ana.enter("ana");
  await ana.sees("the last one");
  await ana.settled();
  await ana.page.locator(".timeline .list").hover();
  await ana.page.evaluate(`{
    const list = document.querySelector(".timeline .list");
    window.scrolled = { steps: 0, blank: 0, behindPx: Infinity };
    let before = list.scrollTop;
    list.addEventListener("scroll", () => {
      const px = Math.abs(list.scrollTop - before);
      before = list.scrollTop;
      // Where the machine stands still, a step is longer than what can be drawn ahead.
      if (px === 0 || px > ${STEP_PX_MAX}) return;
      const { top, bottom } = list.getBoundingClientRect();
      const rows = [...list.firstElementChild.children]
        .filter(({ style }) => style.visibility !== "hidden")
        .map((row) => row.getBoundingClientRect());
      window.scrolled.steps += 1;
      const isCovered = Math.min(...rows.map((row) => row.top)) <= top + 1 &&
        Math.max(...rows.map((row) => row.bottom)) >= bottom - 1;
      if (!isCovered && list.scrollTop > 1) window.scrolled.blank += 1;
      if (list.scrollHeight - list.scrollTop - list.clientHeight < 1500) return;
      const behindPx = Math.max(...rows.map((row) => row.bottom)) - bottom;
      window.scrolled.behindPx = Math.min(window.scrolled.behindPx, behindPx);
    }, { capture: true });
  }`);
  for (let i = 0; i < 60; i++) {
    await ana.page.mouse.wheel(0, -80);
    await ana.page.evaluate("new Promise(requestAnimationFrame)");
  }
  const { steps, blank, behindPx } = await ana.page.evaluate<Scrolled>("scrolled");
  expect(steps).toBeGreaterThan(20);
  expect(blank).toBe(0);
  // The list draws one side, and is wrong about which when rows turn out taller than it thought.
  expect(behindPx).toBeGreaterThan(300);
  expect(behindPx).toBeLessThan(5000);
  ben.tab.close();
});
