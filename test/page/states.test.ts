import { expect } from "bun:test";
import { ENGLISH } from "../../src/ui/messages/en/page.ts";
import { pageTest } from "./browser.ts";
import { PageServer } from "./page-server.ts";
import { openDashboard, PASSWORD, playLesson, walkStates } from "./picture-states.ts";

/** Walks the states that `npm run picture` draws. */

const server = new PageServer({ args: ["--name", "Room 12"] });

let played: Promise<unknown> | undefined;

/** Removes the first and last element of each kind that can have the focus, and puts it back. */
const REMOVE_EACH = `(async () => {
  const dialog = [...document.querySelectorAll("dialog:modal")].at(-1);
  const all = [...(dialog ?? document).querySelectorAll(
    "a[href], button, input, select, textarea, summary, [tabindex]")];
  const kinds = Object.values(Object.groupBy(all, ({ tagName, className, parentNode }) =>
    [tagName, className, parentNode.className].join().replace(/ ?is-[a-z]+/g, "")));
  const lost = [];
  let count = 0;
  for (const element of new Set(kinds.flatMap((kind) => [kind[0], kind.at(-1)]))) {
    element.focus();
    if (document.activeElement !== element) continue;
    count++;
    const { parentNode, nextSibling } = element;
    element.remove();
    await new Promise((resolve) => setTimeout(resolve));
    await new Promise((resolve) => setTimeout(resolve));
    const { activeElement } = document;
    const isLost = activeElement === document.body || !activeElement.checkVisibility();
    if (isLost) lost.push(element.outerHTML.slice(0, 200));
    parentNode.insertBefore(element, nextSibling);
  }
  return { count, lost };
})()`;

/**
 * Compares each element that has a state with its neighbours that have not. The shapes are those
 * that forced colours leave: outlines, borders, weights, signs, and the system's own colours.
 */
const SAME_SHAPES = `(() => {
  const PAIRS = [
    ["[aria-current]:not([aria-current=false])", "aria-current"],
    ["[aria-pressed=true]", "aria-pressed"],
    ["[aria-selected=true]", "aria-selected"],
    ["[aria-checked=true]", "aria-checked"],
    ["input:checked", "checked"],
    [":disabled", "disabled"],
    [":focus", "tabindex"],
  ];
  const PROPERTIES = ["outlineStyle", "outlineWidth", "borderTopWidth", "borderBottomWidth",
    "borderInlineStartWidth", "borderTopStyle", "fontWeight", "textDecorationLine", "color",
    "backgroundColor", "borderTopColor", "appearance", "accentColor"];
  const shapeOf = (element) => {
    const parts = [null, "::before", "::after"].map((pseudo) => {
      const style = getComputedStyle(element, pseudo);
      const names = pseudo === null ? PROPERTIES : [...PROPERTIES, "content", "display"];
      return names.map((name) => style[name]).join();
    });
    const { appearance } = getComputedStyle(element);
    const isNative = element.matches("input") && appearance !== "none";
    const signs = [...element.querySelectorAll("path")].map((path) => path.getAttribute("d"));
    return [...parts, ...signs, isNative ? element.checked : ""].join(";");
  };
  const kindOf = ({ className }) => className.replace(/ ?is-[a-z]+/g, "");
  const same = [];
  let count = 0;
  for (const [selector, attribute] of PAIRS) {
    for (const element of document.querySelectorAll(selector)) {
      const { width } = element.getBoundingClientRect();
      if (width < 2 || !element.checkVisibility()) continue;
      const others = [...document.querySelectorAll(element.tagName)].filter((other) =>
        !other.matches(selector) && other.checkVisibility() &&
        kindOf(other) === kindOf(element) &&
        other.getAttribute("role") === element.getAttribute("role"));
      if (others.length === 0) continue;
      count++;
      const shape = shapeOf(element);
      if (others.some((other) => shapeOf(other) === shape))
        same.push(selector + " " + element.outerHTML.slice(0, 160));
    }
  }
  return { count, same };
})()`;

interface Walked {
  readonly same: Readonly<Record<string, readonly string[]>>;
  readonly sameCount: number;
  readonly lost: Readonly<Record<string, readonly string[]>>;
  readonly removedCount: number;
}

let walked: Promise<Walked> | undefined;

/** Both tests share one walk, because it takes longer than they do. */
function walk(): Promise<Walked> {
  walked ??= findAll();
  return walked;
}

async function findAll(): Promise<Walked> {
  const found = { same: {}, sameCount: 0, lost: {}, removedCount: 0 };
  const add = (to: Record<string, readonly string[]>, state: string, names: readonly string[]) => {
    if (names.length > 0) to[state] = names;
  };
  played ??= playLesson(server.sandbox, server.served);
  await played;
  await walkStates(server, {
    check: async ({ page }, state) => {
      await page.emulateMedia({ forcedColors: "active" });
      // A key draws the focus; Tab would close a menu.
      const isMenu = (await page.getByRole("menu").count()) > 0;
      await page.keyboard.press(isMenu ? "ArrowDown" : "Tab");
      const shapes = await page.evaluate<{ count: number; same: string[] }>(SAME_SHAPES);
      await page.emulateMedia({ forcedColors: "none" });
      const removed = await page.evaluate<{ count: number; lost: string[] }>(REMOVE_EACH);
      expect([state, removed.count > 0]).toEqual([state, true]);
      found.sameCount += shapes.count;
      found.removedCount += removed.count;
      add(found.same, state, shapes.same);
      add(found.lost, state, removed.lost);
    },
  });
  return found;
}

pageTest("hands on the focus of each element that disappears, in each state", async () => {
  const { lost, removedCount } = await walk();
  expect(lost).toEqual({});
  expect(removedCount).toBeGreaterThan(200);
});

pageTest("shows each state by more than a colour in forced colours", async () => {
  const { same, sameCount } = await walk();
  expect(same).toEqual({});
  expect(sameCount).toBeGreaterThan(20);
});

/** Linear RGB as people without one kind of cone see it (Machado and others, 2009). */
const BLINDNESS: Readonly<Record<string, readonly number[]>> = {
  protanopia: [0.1523, 1.0526, -0.2049, 0.1145, 0.7863, 0.0992, -0.0039, -0.0481, 1.052],
  deuteranopia: [0.3673, 0.8606, -0.228, 0.2801, 0.6725, 0.0474, -0.0118, 0.0429, 0.9689],
  tritanopia: [1.2555, -0.0767, -0.1788, -0.0784, 0.9308, 0.1476, 0.0047, 0.6914, 0.3039],
};
/** In CIE 1976 units, of which about 2 are just visible. */
const DISTANCE_MIN = 25;

function linear(color: string): readonly number[] {
  const parts = /\d+, \d+, \d+/.exec(color)?.[0].split(", ") ?? [];
  return parts.map((part) => {
    const value = Number(part) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
}

function lab([red = 0, green = 0, blue = 0]: readonly number[]): readonly number[] {
  const root = (t: number) => (t > 0.008856 ? Math.cbrt(t) : 7.787 * t + 16 / 116);
  const x = root((0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.95047);
  const y = root(0.2126 * red + 0.7152 * green + 0.0722 * blue);
  const z = root((0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.08883);
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}

function distance(matrix: readonly number[], a: string, b: string): number {
  const [one, other] = [a, b].map((color) => {
    const rgb = linear(color);
    const seen = [0, 3, 6].map((row) =>
      rgb.reduce((sum, part, i) => sum + part * (matrix[row + i] ?? 0), 0),
    );
    return lab(seen.map((part) => Math.min(1, Math.max(0, part))));
  });
  return Math.hypot(...(one ?? []).map((part, i) => part - (other?.[i] ?? 0)));
}

/** Colours of the lines of each chart. */
const LINES = `(() => {
  const keysOf = (figure) => [...figure.querySelectorAll("figcaption p > span > span:first-child")];
  const charts = [...document.querySelectorAll("figure")].map((figure) =>
    keysOf(figure).map((key) => getComputedStyle(key).borderTopColor));
  return charts.filter(({ length }) => length > 1);
})()`;

pageTest("keeps the lines of a chart apart for each kind of colour blindness", async () => {
  played ??= playLesson(server.sandbox, server.served);
  await played;
  for (const isDark of [false, true]) {
    await using olga = await server.logIn("olga", { password: PASSWORD, isDark });
    await openDashboard(olga, ENGLISH);
    await olga.page.locator("figure").first().waitFor();
    const lines = await olga.page.evaluate<string[][]>(LINES);
    expect(lines.length).toBe(2);
    for (const [name, matrix] of Object.entries(BLINDNESS)) {
      for (const [a = "", b = ""] of lines) {
        const difference = distance(matrix, a, b);
        expect([name, isDark, a, b, difference > DISTANCE_MIN]).toEqual([name, isDark, a, b, true]);
      }
    }
  }
});
