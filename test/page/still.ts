import type { Locator } from "playwright-core";

/** Brings it into view. The list measures the rows that come with it: then it stands still. */
export async function still(target: Locator): Promise<void> {
  await target.scrollIntoViewIfNeeded();
  await target.evaluate(
    (element) =>
      new Promise<void>((done) => {
        const { requestAnimationFrame: next } = globalThis as unknown as {
          requestAnimationFrame(callback: () => void): void;
        };
        let top = Number.NaN;
        let frames = 0;
        const look = () => {
          const now = element.getBoundingClientRect().top;
          frames = now === top ? frames + 1 : 0;
          top = now;
          if (frames >= 10) done();
          else next(look);
        };
        look();
      }),
  );
}
