import { expect } from "bun:test";
import { ENGLISH } from "../../src/ui/messages/en/page.ts";
import { pageTest, type VisitOptions } from "./browser.ts";
import { PageServer } from "./page-server.ts";
import { playLesson, STATES, walkStates } from "./picture-states.ts";
import type { Visit } from "./visit.ts";

interface Shape {
  readonly width: number;
  readonly height: number;
  readonly fontPx?: number;
}

/** WCAG asks for 320 px; the others are large letters on a phone, and a zoomed phone. */
const SHAPES: Readonly<
  Record<string, VisitOptions & { readonly shapes: readonly [Shape, ...Shape[]] }>
> = {
  "320 x 256 px": { shapes: [{ width: 320, height: 256 }] },
  "a phone, letters of 32 px, and 195 px": {
    isPhone: true,
    shapes: [
      { width: 390, height: 844, fontPx: 32 },
      { width: 195, height: 422 },
    ],
  },
};

/**
 * What cannot be read or reached without scrolling in two directions. Code, tables and formulas
 * may scroll sideways.
 */
const BARRIERS = `(() => {
  const found = [];
  const dialog = [...document.querySelectorAll("dialog:modal")].at(-1);
  const scope = dialog ?? document.body;
  const name = (element) =>
    (element.getAttribute("aria-label") ?? element.textContent.trim() ?? "").slice(0, 40) +
    " <" + element.tagName.toLowerCase() + " class=" + JSON.stringify(element.className) + ">";
  // Scrolls in one direction only.
  const isRow = (element) => [...element.children].every((child) => child.matches("button"));
  const isDrawn = (element) => {
    const { width, height } = element.getBoundingClientRect();
    return width > 1 && height > 1 && element.checkVisibility({ visibilityProperty: true }) &&
      element.closest("[aria-hidden=true], [inert], .sr-only") === null;
  };
  const { scrollWidth, scrollHeight } = document.scrollingElement;
  if (scrollWidth > innerWidth) found.push("the page is " + scrollWidth + " px wide");
  for (const element of scope.querySelectorAll("*")) {
    const { overflowX } = getComputedStyle(element);
    const isScrolled = overflowX === "auto" || overflowX === "scroll";
    const excess = element.scrollWidth - element.clientWidth;
    if (!isScrolled || excess < 2 || !isDrawn(element)) continue;
    // Rows of buttons, which scroll nowhere else.
    if (isRow(element) || element.matches("pre, :has(> table), math")) continue;
    if (element.closest("pre, table, math") !== null) continue;
    found.push("scrolls sideways by " + excess + " px: " + name(element));
  }
  const controls = [...scope.querySelectorAll("a[href], button, input, select, textarea, summary")];
  for (const element of controls.filter(isDrawn)) {
    if (element.closest("table, pre") !== null || isRow(element.parentElement)) continue;
    if (element.matches("input[type=file], [tabindex='-1'], :disabled")) continue;
    element.focus(); // The browser scrolls to it.
    const { left, right, top, bottom } = element.getBoundingClientRect();
    if (left + right < 0 || left + right > 2 * innerWidth) {
      found.push("cut off from " + left + " to " + right + " px: " + name(element));
      continue;
    }
    const label = element.closest("label") ?? element;
    const points = [0.5, 0.2, 0.8].flatMap((x) => [0.5, 0.25, 0.75].map((y) =>
      document.elementFromPoint(left + (right - left) * x, top + (bottom - top) * y)));
    const isHit = points.some((hit) => hit !== null && label.contains(hit));
    const isUnderLayer = points.some((hit) => {
      if (hit === null) return false;
      const layer = hit.closest("[role=menu], dialog, aside, nav");
      const isShade = getComputedStyle(hit).position === "fixed" && hit.clientWidth === innerWidth;
      return isShade || (layer !== null && !layer.contains(element));
    });
    if (isHit || isUnderLayer) continue;
    const place = [left, top, right, bottom].map(Math.round).join();
    found.push("covered or outside, " + place + ": " + name(element));
  }
  return found;
})()`;

/** Widths in px of the visible room's name and of the text field, and what they need. */
const ROOM_AND_FIELD = `(() => {
  const widthOf = (text, element) => {
    const { font, letterSpacing } = getComputedStyle(element);
    const context = document.createElement("canvas").getContext("2d");
    context.font = font;
    return context.measureText(text).width;
  };
  const heading = document.querySelector("h1");
  const field = document.querySelector("textarea");
  const { paddingLeft, paddingRight } = getComputedStyle(field);
  return {
    name: heading.clientWidth - Math.min(heading.scrollWidth, widthOf("#math", heading)),
    field: field.clientWidth - parseFloat(paddingLeft) - parseFloat(paddingRight) -
      widthOf("see you there", field),
  };
})()`;

const FONT_PX = 16;

async function take({ page }: Visit, { fontPx = FONT_PX, ...size }: Shape): Promise<void> {
  await page.setViewportSize(size);
  const session = await page.context().newCDPSession(page);
  const fontSizes = { standard: fontPx, fixed: fontPx };
  await session.send("Page.setFontSizes", { fontSizes });
  await session.detach();
  const used = await page.evaluate(
    "parseFloat(getComputedStyle(document.documentElement).fontSize)",
  );
  expect(used).toBe(fontPx);
}

for (const [name, { shapes, ...options }] of Object.entries(SHAPES)) {
  // The states change the lesson, so each kind of window has its own.
  const server = new PageServer({ args: ["--name", "Room 12"] });
  const [first, ...others] = shapes;
  pageTest(`everything is reached without scrolling two ways: ${name}`, async () => {
    await playLesson(server.sandbox, server.served);
    const found: Record<string, readonly string[]> = {};
    const look = async (visit: Visit, state: string) => {
      if (state === "room") {
        const { name, field } = await visit.page.evaluate<Record<string, number>>(ROOM_AND_FIELD);
        expect(name).toBeGreaterThanOrEqual(0);
        expect(field).toBeGreaterThanOrEqual(0);
      }
      const barriers = await visit.page.evaluate<readonly string[]>(BARRIERS);
      if (barriers.length > 0) found[state] = [...(found[state] ?? []), ...barriers];
    };
    await walkStates(server, {
      options: { ...options, ...first },
      prepare: (visit) => take(visit, first),
      check: async (visit, state) => {
        await look(visit, state);
        for (const shape of others) {
          await take(visit, shape);
          // A change of the window closes menus.
          if (state === "message") await STATES[state]?.(visit, ENGLISH);
          await look(visit, state);
        }
      },
    });
    expect(found).toEqual({});
  });
}

const server = new PageServer();

pageTest("the marks of an author do not cut the name at 195 px", async () => {
  const ben = await server.headlessUser("ben");
  await ben.tab.ask("join", { room: "narrow", create: true });
  await using uma = await server.logIn("uma", { width: 195, height: 422, isPhone: true });
  await uma.leaveHome();
  await uma.send("/join narrow");
  await ben.post("hello there", "narrow");
  await uma.waitForMessage("hello there");
  await uma.message("hello there").getByText("moderator").waitFor();
  const hidden = await uma.page.evaluate<number>(`(() => {
    const author = [...document.querySelectorAll(".message-head .author")].at(-1);
    return author.scrollWidth - author.clientWidth;
  })()`);
  expect(hidden).toBe(0);
});

for (const [width, isPhone] of [
  [390, true],
  [1280, false],
] as const) {
  pageTest(
    `letters of 32 px by a style of the user leave room to write at ${width} px`,
    async () => {
      await using ida = await server.logIn(`ida${width}`, { width, height: 844, isPhone });
      await ida.page.evaluate("document.documentElement.style.fontSize = '32px'");
      const widths = await ida.page.evaluate<number[]>(
        `[".room-title", ".composer textarea"].map((selector) =>
        document.querySelector(selector).getBoundingClientRect().width)`,
      );
      expect(Math.min(...widths)).toBeGreaterThan(120);
      expect(await ida.overflow()).toBe(0);
    },
  );
}
