import type { Locator } from "playwright-core";
import { until } from "../event.ts";

const STILL_FRAMES = 10;

/**
 * Scrolls the element into view, and waits until the list is still: rows that are measured move it,
 * and may make the page return to its newest row. An element that is replaced meanwhile is looked
 * up again.
 */
export async function still(target: Locator): Promise<void> {
  await until("the element is visible and still", () =>
    target.evaluate(
      (element, frames) =>
        new Promise<boolean>((done) => {
          const { requestAnimationFrame: next, innerHeight } = globalThis as unknown as {
            requestAnimationFrame(callback: () => void): void;
            readonly innerHeight: number;
          };
          // Chromium's own; Playwright's fails if the element is replaced before it is stable.
          (element as unknown as { scrollIntoViewIfNeeded(): void }).scrollIntoViewIfNeeded();
          let top = Number.NaN;
          let count = 0;
          const look = () => {
            const now = element.getBoundingClientRect().top;
            count = now === top ? count + 1 : 0;
            top = now;
            if (count >= frames)
              done(top < innerHeight && [...element.getClientRects()].length > 0);
            else next(look);
          };
          look();
        }),
      STILL_FRAMES,
    ),
  );
}
