import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { until } from "../../event.ts";
import type { Engine } from "./engine.ts";

/** A busy machine with three browsers is slow; a wrong label fails after this time. */
const STEP_MS = 120_000;

/** The pointer meets what was drawn, which on a busy machine is older than the layout. */
const FRAMES = `(async () => {
  for (let i = 0; i < 2; i++)
    await new Promise((drawn) => {
      requestAnimationFrame(drawn);
      if (document.hidden) setTimeout(drawn, 100);
    });
})()`;

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

const FAINT = `(() => {
  const context = document.createElement("canvas").getContext("2d");
  const rgba = (color) => {
    context.clearRect(0, 0, 1, 1);
    context.fillStyle = color;
    context.fillRect(0, 0, 1, 1);
    return [...context.getImageData(0, 0, 1, 1).data];
  };
  const light = (color) => {
    const [r, g, b] = rgba(color).map((value) =>
      value <= 10 ? value / 3294 : (value / 269 + 0.0513) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05;
  };
  const behind = (element) => {
    for (let each = element; each !== null; each = each.parentElement) {
      const { backgroundColor } = getComputedStyle(each);
      if (rgba(backgroundColor)[3] === 255) return backgroundColor;
    }
    return "white";
  };
  const isText = (element) =>
    [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim() !== "");
  return [...document.body.querySelectorAll("*")].filter((element) =>
    element.checkVisibility({ visibilityProperty: true }) && element.closest(".sr-only") === null &&
    (isText(element) || element.matches("svg"))).flatMap((element) => {
      const [dark, bright] = [light(getComputedStyle(element).color), light(behind(element))]
        .toSorted((a, b) => a - b);
      const limit = element.matches("svg") ? 3 : 7;
      const text = element.outerHTML.slice(0, 100);
      return bright / dark < limit ? [(bright / dark).toFixed(1) + " " + text] : [];
    });
})()`;

const FIRST_VISIBLE = `(() => {
  const list = document.querySelector(".timeline .list");
  const edge = list.getBoundingClientRect().top;
  const row = [...list.querySelectorAll("article[data-seq]")].find((each) =>
    each.getBoundingClientRect().bottom > edge + 1);
  return row?.dataset.seq;
})()`;

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

  /**
   * Clicks at the point that an expression finds, once it is at rest: elsewhere, something else
   * would be there when the pointer arrives.
   */
  async #clickAtRest(name: string, find: string): Promise<void> {
    const { x, y } = await until(
      `${this.engine.name} can click ${name}`,
      async () =>
        (await this.evaluate<Point | null>(`(async () => {
          const before = ${find};
          if (before === null) return null;
          await ${FRAMES};
          const after = ${find};
          return before.x === after?.x && before.y === after.y ? after : null;
        })()`)) ?? false,
      STEP_MS,
    );
    await this.engine.click(x, y);
  }

  #clickOn(selector: string, name: string | null, within: string): Promise<void> {
    const args = [selector, name, within].map((value) => JSON.stringify(value));
    return this.#clickAtRest(name ?? selector, `${FIND}(${args.join()})`);
  }

  /** `name`: regular expression of the label or text. */
  click(name: string, within = "body"): Promise<void> {
    return this.#clickOn(CONTROLS, name, within);
  }

  clickSelector(selector: string): Promise<void> {
    return this.#clickOn(selector, null, "html");
  }

  /** @param password of a private window, which the page asks for */
  async signUp(url: string, password?: string): Promise<void> {
    await this.engine.goto(url);
    await this.clickSelector("#enter-name");
    await this.engine.type(this.name);
    await this.clickSelector("form button[type=submit]");
    if (password !== undefined) {
      await this.until(
        "a password is asked for",
        "document.querySelector('#enter-password[aria-invalid=true]') === document.activeElement",
      );
      await this.engine.type(password);
      await this.clickSelector("form button[type=submit]");
    }
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
    await this.evaluate(FRAMES);
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

  /** Clicks beside the text of a message and its reactions. */
  async clickMessage(text: string): Promise<void> {
    await this.sees(text);
    // The list keeps its place if rows grow in the frame in which it is scrolled.
    await this.#clickAtRest(
      text,
      `(() => {
        const message = ${this.message(text)};
        if (message === undefined) return null;
        const { x, y, width, height } = message.getBoundingClientRect();
        const point = { x: x + width * 0.7, y: y + height - 8 };
        if (message.contains(document.elementFromPoint(point.x, point.y))) return point;
        message.scrollIntoView({ block: "center" });
        return null;
      })()`,
    );
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

  async seesComposer(): Promise<void> {
    await this.until(
      "the composer is in the window",
      `(() => {
        const { top, bottom, left, right } =
          document.querySelector(".composer textarea").getBoundingClientRect();
        return top >= 0 && left >= 0 && bottom <= innerHeight && right <= innerWidth;
      })()`,
    );
  }

  /** Returns the first message of which a part is visible. */
  firstVisible(): Promise<string> {
    return this.evaluate<string>(FIRST_VISIBLE);
  }

  async untilFirstVisible(seq: string): Promise<void> {
    await this.until(`${seq} is the first visible message`, `${FIRST_VISIBLE} === "${seq}"`);
  }

  /** Remembers the first message that is wholly visible. */
  async markPlace(): Promise<void> {
    await this.evaluate(`void (() => {
      const list = document.querySelector(".timeline .list");
      const edge = list.getBoundingClientRect().top;
      const row = [...list.querySelectorAll("article[data-seq]")].find((each) =>
        each.getBoundingClientRect().top >= edge);
      window.marked = { seq: row.dataset.seq, top: row.getBoundingClientRect().top };
    })()`);
  }

  movedPx(): Promise<number> {
    return this.evaluate<number>(`(async () => {
      await ${FRAMES};
      const row = document.querySelector('.list article[data-seq="' + marked.seq + '"]');
      return row.getBoundingClientRect().top - marked.top;
    })()`);
  }

  /** Changes the language in the settings. */
  async setLanguage(language: string): Promise<void> {
    await this.clickSelector(".me-button");
    await this.click("^(Look|Penampilan)");
    await this.until("the list of languages is open", "document.querySelector('#language')");
    await this.evaluate(`void (() => {
      const list = document.querySelector("#language");
      list.value = "${language}";
      list.dispatchEvent(new Event("change", { bubbles: true }));
    })()`);
    await this.until("it is chosen", `document.documentElement.lang === "${language}"`);
    await this.closeLayers();
  }

  /**
   * Opens the menu of a message with the keyboard. Repeats it, because a message that arrives moves
   * the others away from the pointer.
   */
  async openMessageMenu(text: string): Promise<void> {
    await this.#repeat("the menu of the message", async () => {
      await this.clickMessage(text);
      await this.engine.press("Enter");
      return await this.#hasMenu();
    });
  }

  #hasMenu(): Promise<boolean> {
    return this.evaluate<boolean>(`(async () => {
      await ${FRAMES};
      return document.querySelector("[role=menu]") !== null;
    })()`);
  }

  /** Saves a file of a message. Returns the path of the download. */
  async save(name: string, bytes: number): Promise<string> {
    const within = `.file[aria-label=${JSON.stringify(`File ${name}`)}]`;
    const canChoose = await this.evaluate<boolean>("'showSaveFilePicker' in window");
    const { downloads } = this.engine;
    const saved = () =>
      (existsSync(downloads) ? readdirSync(downloads) : [])
        .map((each) => join(downloads, each))
        .find((path) => !path.endsWith(".part") && statSync(path).size === bytes);
    return await this.#repeat(`a saved ${name}`, async () => {
      if (canChoose) {
        await this.click("^Actions for ", within);
        if (!(await this.#hasMenu())) return undefined;
        await this.click("^Save without verifying$");
      } else await this.click("^Save ", within);
      return await until("it is saved", saved, 3_000).catch(() => undefined);
    });
  }

  #repeat<Value>(name: string, act: () => Promise<Value>) {
    return until(`${this.engine.name} has ${name}`, act, STEP_MS);
  }

  /** Opens the page in a second tab, which `secondTab` refers to. */
  async openSecondTab(): Promise<void> {
    await this.evaluate(`void (() => {
      const button = document.createElement("button");
      button.id = "opens-tab";
      button.style.cssText = "position: fixed; z-index: 99; inset: 0 auto auto 0; padding: 20px";
      button.onclick = () => {
        globalThis.secondTab = open(location.href);
        button.remove();
      };
      document.body.append(button);
    })()`);
    await this.clickSelector("#opens-tab");
    await this.until(
      "the second tab is ready",
      "globalThis.secondTab?.document.querySelector('.composer textarea')",
    );
  }

  /** Counts the messages with a text in this tab, or in the second one. */
  copies(text: string, tab: "globalThis" | "secondTab" = "globalThis"): string {
    const all = `[...${tab}.document.querySelectorAll("article.message")]`;
    return `${all}.filter((each) => each.textContent.includes(${JSON.stringify(text)})).length`;
  }

  async sendInSecondTab(text: string): Promise<void> {
    await this.evaluate(`void (() => {
      const field = secondTab.document.querySelector(".composer textarea");
      field.value = ${JSON.stringify(text)};
      field.dispatchEvent(new secondTab.InputEvent("input", { bubbles: true }));
    })()`);
    const button = "secondTab.document.querySelector('.composer .send-button:enabled')";
    await this.until("the second tab can send", button);
    await this.evaluate(`void ${button}.click()`);
  }

  /** Returns the animations and transitions that run. */
  moving(): Promise<string[]> {
    return this.evaluate<string[]>(`document.getAnimations()
      .filter(({ playState }) => playState === "running")
      .map(({ effect, transitionProperty, animationName }) =>
        effect.target.className + " " + (transitionProperty ?? animationName))`);
  }

  /** Returns the visible texts and signs with less contrast than WCAG AAA asks for. */
  faint(): Promise<string[]> {
    return this.evaluate<string[]>(FAINT);
  }

  overflow(): Promise<number> {
    const root = "document.documentElement";
    return this.evaluate<number>(`${root}.scrollWidth - ${root}.clientWidth`);
  }
}
