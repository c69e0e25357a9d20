/** Scrolling through a room from the newest message to the first, counting blank frames. */
import type { Served } from "../test/e2e/program.ts";
import { pageAddress } from "../test/page/fixtures.ts";
import type { BareBrowser, BareWindow } from "./bare-browser.ts";

/** Distance that the page renders ahead. A longer step means that this machine was too slow. */
const STEP_PX_MAX = 600;
/** The browser pauses between gestures, like a finger. */
const GESTURE_MS = 4_000;
const SCROLL_TIMEOUT_MS = 15 * 60_000;

interface ScrollCounts {
  readonly steps: number;
  readonly px: number;
  readonly blank: number;
  readonly late: number;
  readonly rowsMax: number;
}

export interface ScrollResult extends ScrollCounts {
  readonly seconds: number;
}

const WATCH_SCRIPT = `{
  const list = document.querySelector(".list");
  window.scrolled = { steps: 0, px: 0, blank: 0, late: 0, rowsMax: 0 };
  let before = new Map();
  const isCovered = (rows) => {
    const { top, bottom } = list.getBoundingClientRect();
    let at = top + 1;
    for (const row of rows.sort((a, b) => a.top - b.top)) {
      if (row.top <= at) at = Math.max(at, row.bottom + 1);
    }
    return at >= bottom;
  };
  list.addEventListener("scroll", () => {
    const drawn = [...list.firstElementChild.children];
    const rows = drawn.map((row) => row.getBoundingClientRect());
    // Loading and dropping messages changes scrollTop, so a row's position is the reference.
    // Without a common row, the page itself has replaced the rows.
    const anchor = drawn.findIndex((row) => before.has(row));
    const px = anchor < 0 ? 0 : Math.abs(rows[anchor].top - before.get(drawn[anchor]));
    const isAtEnd = list.scrollTop <= 1;
    before = new Map(drawn.map((row, i) => [row, rows[i].top]));
    const { scrolled } = window;
    scrolled.steps += 1;
    scrolled.rowsMax = Math.max(scrolled.rowsMax, drawn.length);
    if (px <= ${STEP_PX_MAX}) scrolled.px += px;
    if (isAtEnd || isCovered(rows)) return;
    scrolled[px > ${STEP_PX_MAX} ? "late" : "blank"] += 1;
  }, { capture: true });
}`;

export async function measureScroll(
  browser: BareBrowser,
  served: Served,
  pxPerSecond: number,
  firstText: string,
): Promise<ScrollResult> {
  const window = await browser.visit(pageAddress(served));
  await window.logIn("reader");
  await window.waitForElement("article.message");
  await window.evaluate("document.querySelector('.newest .button')?.click()");
  await window.evaluate(WATCH_SCRIPT);
  const startedAt = performance.now();
  while (!(await isVisible(window, firstText))) {
    if (performance.now() - startedAt > SCROLL_TIMEOUT_MS)
      throw new Error("the first message was not displayed");
    await window.call("Input.synthesizeScrollGesture", {
      x: 600,
      y: 400,
      yDistance: Math.round((pxPerSecond * GESTURE_MS) / 1_000),
      speed: pxPerSecond,
      gestureSourceType: "mouse",
    });
  }
  const seconds = (performance.now() - startedAt) / 1_000;
  const steps = await window.evaluate<ScrollCounts>("scrolled");
  await window.close();
  return { ...steps, seconds };
}

function isVisible(window: BareWindow, text: string): Promise<boolean> {
  const rows = "[...document.querySelectorAll('article.message')]";
  return window.evaluate(
    `${rows}.some((row) => row.textContent.includes(${JSON.stringify(text)}))`,
  );
}
