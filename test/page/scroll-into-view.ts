import type { Locator } from "playwright-core";
import { until } from "../event.ts";

const STILL_FRAMES = 10;

/**
 * Scrolls the element into view and waits until the list has stopped moving, because measured rows
 * move it. If the element is replaced during the wait, it is looked up again.
 */
export async function scrollIntoView(target: Locator): Promise<void> {
  await until("the element is visible and still", () =>
    target.evaluate(
      (element, frames) =>
        new Promise<boolean>((done) => {
          const { requestAnimationFrame: requestFrame, innerHeight } = globalThis as unknown as {
            requestAnimationFrame(callback: () => void): void;
            readonly innerHeight: number;
          };
          // Use Chromium's method, because Playwright's fails if the element is replaced.
          (element as unknown as { scrollIntoViewIfNeeded(): void }).scrollIntoViewIfNeeded();
          let top = Number.NaN;
          let count = 0;
          const check = () => {
            const newTop = element.getBoundingClientRect().top;
            count = newTop === top ? count + 1 : 0;
            top = newTop;
            if (count >= frames)
              done(top < innerHeight && [...element.getClientRects()].length > 0);
            else requestFrame(check);
          };
          check();
        }),
      STILL_FRAMES,
    ),
  );
}
