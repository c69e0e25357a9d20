/** A scroll through a whole room, from the newest message to the first, and what is blank then. */
import type { Served } from "../test/e2e/program.ts";
import { pageAddress } from "../test/page/scenery.ts";
import type { BareBrowser, BareWindow } from "./bare-browser.ts";

/** As much as the page draws ahead: a longer step was made longer by this machine. */
const STEP_PX_MAX = 600;
/** One gesture; between two the browser rests for a moment, as a finger does. */
const GESTURE_MS = 4_000;
/** It would take a quarter of it. */
const GIVEN_UP_MS = 60 * 60_000;

interface Steps {
  readonly steps: number;
  readonly px: number;
  readonly blank: number;
  readonly late: number;
  readonly rowsMax: number;
}

export interface Scrolled extends Steps {
  readonly seconds: number;
}

/**
 * What is drawn when a scroll is told is what was shown at the new place until then: where a part
 * of it has no row, that was blank.
 */
const WATCH = `{
  const list = document.querySelector(".list");
  window.scrolled = { steps: 0, px: 0, blank: 0, late: 0, rowsMax: 0 };
  let before = list.scrollTop;
  const isCovered = (rows) => {
    const { top, bottom } = list.getBoundingClientRect();
    let at = top + 1;
    for (const row of rows.sort((one, other) => one.top - other.top)) {
      if (row.top <= at) at = Math.max(at, row.bottom + 1);
    }
    return at >= bottom;
  };
  list.addEventListener("scroll", () => {
    const drawn = [...list.firstElementChild.children];
    const seen = drawn.filter(({ style }) => style.visibility !== "hidden");
    const rows = seen.map((row) => row.getBoundingClientRect());
    const px = Math.abs(list.scrollTop - before);
    const isAtEnd = list.scrollTop <= 1;
    before = list.scrollTop;
    const { scrolled } = window;
    scrolled.steps += 1;
    scrolled.rowsMax = Math.max(scrolled.rowsMax, drawn.length);
    if (px <= ${STEP_PX_MAX}) scrolled.px += px;
    if (isAtEnd || isCovered(rows)) return;
    scrolled[px > ${STEP_PX_MAX} ? "late" : "blank"] += 1;
  }, { capture: true });
}`;

/** @param first what stands in the first message alone */
export async function scrolls(
  browser: BareBrowser,
  served: Served,
  pxPerSecond: number,
  first: string,
): Promise<Scrolled> {
  const window = await browser.visit(pageAddress(served));
  await window.enter("reader");
  await window.sees("article.message");
  await window.evaluate("document.querySelector('.newest')?.click()");
  await window.evaluate(WATCH);
  const began = performance.now();
  while (!(await isShown(window, first))) {
    if (performance.now() - began > GIVEN_UP_MS) throw new Error("the first message never came");
    await window.ask("Input.synthesizeScrollGesture", {
      x: 600,
      y: 400,
      yDistance: Math.round((pxPerSecond * GESTURE_MS) / 1_000),
      speed: pxPerSecond,
      gestureSourceType: "mouse",
    });
  }
  const seconds = (performance.now() - began) / 1_000;
  const steps = await window.evaluate<Steps>("scrolled");
  await window.close();
  return { ...steps, seconds };
}

function isShown(window: BareWindow, text: string): Promise<boolean> {
  const rows = "[...document.querySelectorAll('article.message')]";
  return window.evaluate(
    `${rows}.some((row) => row.textContent.includes(${JSON.stringify(text)}))`,
  );
}
