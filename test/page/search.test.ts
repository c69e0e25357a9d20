import { expect } from "bun:test";
import { SHOWN_PAGE_RECORDS } from "../../src/base/limits-page.ts";
import { until } from "../e2e/deadline.ts";
import { Sandbox } from "../e2e/program.ts";
import { pageTest, sharedBrowser } from "./browser.ts";
import { pageAddress } from "./scenery.ts";
import { Talker } from "./talk.ts";
import type { Visit } from "./visit.ts";

/** From a hit of a search to its place. */

const browser = sharedBrowser();
const MESSAGES = 900;
const HALF = SHOWN_PAGE_RECORDS / 2;
/** So many frames in which nothing is asked for. */
const STILL_FRAMES = 12;

/** Marked, and whole between the edges of the list. */
function isMarkedInView({ page }: Visit, text: string): Promise<boolean> {
  return page.evaluate<boolean>(`(() => {
    const list = document.querySelector(".timeline .list").getBoundingClientRect();
    const shown = document.querySelector("article.is-shown");
    if (shown === null || !shown.textContent.includes(${JSON.stringify(text)})) return false;
    const { top, bottom } = shown.getBoundingClientRect();
    return top >= list.top - 1 && bottom <= list.bottom + 1;
  })()`);
}

/** From the list of hits to the message; then all is loaded that is loaded by itself. */
async function goesTo(visit: Visit, text: string): Promise<void> {
  await visit.button("Search").first().click();
  await visit.field("Search for").fill(text);
  await visit.field("Search for").press("Enter");
  await visit.page.locator(".search-list").getByText(text).click();
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

pageTest("a hit is gone to and marked, wherever it stands before what is here", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve({ args: ["--posts-per-second", "1000000"] });
  const talker = await Talker.open(served, "ben");
  await talker.fills(MESSAGES, (n) => `message ${n}. ${"and so on ".repeat(n % 17)}`);
  talker.tab.close();
  for (const size of [{ width: 1280 }, { width: 390, height: 844, isPhone: true }]) {
    await using ana = await browser.visit(pageAddress(served), size);
    await ana.enter(`ana${size.width}`);
    await ana.sees(`message ${MESSAGES - 1}.`);
    // Near both edges of what is loaded by then: half a page stands on each side of a hit.
    let n = MESSAGES - SHOWN_PAGE_RECORDS + 2;
    for (const up of [0, 1, 1, 1, 60, HALF - 1, HALF, HALF + 1, 3, -HALF, 2 * HALF, 20]) {
      n -= up;
      await goesTo(ana, `message ${n}.`);
    }
    await ana.keepPicture(`search-${size.width}`);
    // Whoever turns the wheel from there is not brought back.
    if (size.width > 1000) {
      await ana.page.mouse.move(600, 400);
      await ana.page.mouse.wheel(0, -3_000);
      await until("the hit is out of sight", async () => {
        return !(await isMarkedInView(ana, `message ${n}.`));
      });
    }
  }
});
