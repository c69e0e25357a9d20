import { until } from "../../event.ts";
import type { Engine } from "./engine.ts";

/** A busy machine with three browsers is slow; a wrong label fails after this time. */
const STEP_MS = 30_000;

const CONTROLS =
  "button, [role=button], [role=menuitem], [role=option], [role=tab], input, textarea, a[href]";

/** Returns the middle of the uppermost visible element that the pointer can reach, or null. */
const FIND = `((selector, name, within) => {
  const fits = name === null ? () => true : (element) => {
    const label = element.getAttribute("aria-label") ?? element.textContent ?? "";
    return new RegExp(name).test(label.trim());
  };
  const scopes = [...document.querySelectorAll(within)];
  for (const element of scopes.flatMap((scope) => [...scope.querySelectorAll(selector)])) {
    if (!fits(element) || element.matches(":disabled")) continue;
    if (!element.checkVisibility({ visibilityProperty: true })) continue;
    element.scrollIntoView({ block: "nearest" });
    const { x, y, width, height } = element.getBoundingClientRect();
    const point = { x: x + width / 2, y: y + height / 2 };
    const hit = document.elementFromPoint(point.x, point.y);
    if (hit !== null && (element.contains(hit) || hit.contains(element))) return point;
  }
  return null;
})`;

interface Point {
  readonly x: number;
  readonly y: number;
}

/** Somebody who uses the page in one engine. Everything that a step does is written here once. */
export class Person {
  readonly engine: Engine;
  readonly name: string;

  constructor(engine: Engine, name: string) {
    this.engine = engine;
    this.name = name;
  }

  evaluate<Value>(expression: string): Promise<Value> {
    return this.engine.evaluate<Value>(expression);
  }

  until(description: string, expression: string): Promise<boolean> {
    const what = `${this.engine.name}: ${description}`;
    return until(what, () => this.evaluate<boolean>(`Boolean(${expression})`), STEP_MS);
  }

  #find(selector: string, name: string | null, within: string): Promise<Point | null> {
    const args = [selector, name, within].map((value) => JSON.stringify(value));
    return this.evaluate<Point | null>(`${FIND}(${args.join()})`);
  }

  async #clickOn(selector: string, name: string | null, within: string): Promise<void> {
    let last = "";
    const what = `${this.engine.name} can click ${name ?? selector}`;
    // What moves would not be there when the pointer arrives.
    const { x, y } = await until(
      what,
      async () => {
        const point = await this.#find(selector, name, within);
        const isAtRest = point !== null && JSON.stringify(point) === last;
        last = JSON.stringify(point);
        return isAtRest && point;
      },
      STEP_MS,
    );
    await this.engine.click(x, y);
  }

  /** `name`: regular expression of the label or text. */
  click(name: string, within = "body"): Promise<void> {
    return this.#clickOn(CONTROLS, name, within);
  }

  clickSelector(selector: string): Promise<void> {
    return this.#clickOn(selector, null, "html");
  }

  async signUp(url: string): Promise<void> {
    await this.engine.goto(url);
    await this.clickSelector("#enter-name");
    await this.engine.type(this.name);
    await this.clickSelector("form button[type=submit]");
    await this.clickSelector("dialog button[type=submit]");
    await this.untilReady();
  }

  async untilReady(): Promise<void> {
    await this.until("the composer is there", "document.querySelector('.composer textarea')");
  }

  async write(text: string): Promise<void> {
    await this.clickSelector(".composer textarea");
    await this.engine.type(text);
    const field = "document.querySelector('.composer textarea').value";
    await this.until(`wrote ${text}`, `${field}.includes(${JSON.stringify(text)})`);
  }

  async send(text: string): Promise<void> {
    await this.write(text);
    await this.engine.press("Control", "Enter");
    await this.until(
      "the field is empty",
      "document.querySelector('.composer textarea').value === ''",
    );
  }

  draft(): Promise<string> {
    return this.evaluate<string>("document.querySelector('.composer textarea').value");
  }

  async clearDraft(): Promise<void> {
    await this.clickSelector(".composer textarea");
    await this.engine.press("Control", "a");
    await this.engine.press("Backspace");
    await this.until(
      "the field is empty",
      "document.querySelector('.composer textarea').value === ''",
    );
  }

  /** Turns the wheel above the conversation, and waits until the browser has drawn the result. */
  async wheel(deltaY: number): Promise<void> {
    await this.engine.wheel(700, 400, deltaY);
    await this.evaluate(
      "new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(() => drawn())))",
    );
  }

  /** Expression for the last message with a text. */
  message(text: string): string {
    const all = "[...document.querySelectorAll('article.message')]";
    return `${all}.findLast((each) => each.textContent.includes(${JSON.stringify(text)}))`;
  }

  async sees(text: string): Promise<void> {
    await this.until(`"${text}" is shown`, this.message(text));
  }

  async seesInView(text: string): Promise<void> {
    await this.until(
      `"${text}" is in view`,
      `(() => {
        const message = ${this.message(text)};
        const list = message?.closest(".list")?.getBoundingClientRect();
        const own = message?.getBoundingClientRect();
        return own !== undefined && own.bottom <= list.bottom + 1 && own.bottom > list.top;
      })()`,
    );
  }

  async clickMessage(text: string): Promise<void> {
    await this.sees(text);
    const point = await this.evaluate<Point>(`(() => {
      const { x, y, height } = ${this.message(text)}.getBoundingClientRect();
      return { x: x + 90, y: y + height - 8 };
    })()`);
    await this.engine.click(point.x, point.y);
  }

  async openRoom(room: string): Promise<void> {
    await this.clickSelector(`.room-line[data-target="${room}"]`);
    await this.until(
      `${room} is open`,
      `document.querySelector('.room-line[data-target="${room}"][aria-current]')`,
    );
  }

  async closeLayers(): Promise<void> {
    await this.engine.press("Escape");
    await this.until(
      "no dialog is open",
      "document.querySelector('dialog[open], [role=menu]') === null",
    );
  }

  overflow(): Promise<number> {
    const root = "document.documentElement";
    return this.evaluate<number>(`${root}.scrollWidth - ${root}.clientWidth`);
  }
}
