import type { CDPSession, Locator } from "playwright-core";
import type { Visit } from "./visit.ts";

const STEP_PX = 10;

/** One finger on a touch screen, with the browser's own recognition of taps and scrolling. */
export class Finger {
  readonly #devtools: CDPSession;
  #x = 0;
  #y = 0;

  private constructor(devtools: CDPSession) {
    this.#devtools = devtools;
  }

  static async of({ context, page }: Visit): Promise<Finger> {
    return new Finger(await context.newCDPSession(page));
  }

  async touchAt(x: number, y: number): Promise<void> {
    [this.#x, this.#y] = [x, y];
    await this.#dispatch("touchStart");
  }

  /** Scrolls the element into view, and touches its middle. */
  async touch(element: Locator): Promise<void> {
    await element.scrollIntoViewIfNeeded();
    const box = await element.boundingBox();
    if (box === null) throw new Error("the element is not visible");
    await this.touchAt(box.x + box.width / 2, box.y + box.height / 2);
  }

  async moveBy(x: number, y: number): Promise<void> {
    const steps = Math.ceil(Math.max(Math.abs(x), Math.abs(y)) / STEP_PX);
    for (let i = 0; i < steps; i++) {
      this.#x += x / steps;
      this.#y += y / steps;
      await this.#dispatch("touchMove");
    }
  }

  lift(): Promise<void> {
    return this.#dispatch("touchEnd");
  }

  async #dispatch(type: "touchStart" | "touchMove" | "touchEnd"): Promise<void> {
    const touchPoints = type === "touchEnd" ? [] : [{ x: this.#x, y: this.#y }];
    await this.#devtools.send("Input.dispatchTouchEvent", { type, touchPoints });
  }
}
