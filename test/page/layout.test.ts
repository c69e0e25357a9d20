import { expect } from "bun:test";
import { loadTexts } from "../../src/web/browser/texts.ts";
import { until } from "../event.ts";
import { pageTest } from "./browser.ts";
import { PageServer } from "./page-server.ts";
import type { Visit } from "./visit.ts";

const server = new PageServer();
function brokenWords({ page }: Visit): Promise<readonly string[]> {
  return page.evaluate<string[]>(`[...document.querySelectorAll("button, [role=tab], a.button")]
    .filter((button) => button.checkVisibility())
    .flatMap((button) => {
      const texts = document.createTreeWalker(button, NodeFilter.SHOW_TEXT);
      const broken = [];
      for (let text = texts.nextNode(); text !== null; text = texts.nextNode()) {
        for (const { index, 0: word } of text.data.matchAll(/\\S+/g)) {
          const range = document.createRange();
          range.setStart(text, index);
          range.setEnd(text, index + word.length);
          const tops = [...range.getClientRects()].map(({ top }) => Math.round(top));
          if (new Set(tops).size > 1) broken.push(word + " of " + button.textContent);
        }
      }
      return broken;
    })`);
}

const A4_WIDTH_PX = 794;

pageTest("prints all loaded messages, without the columns beside them", async () => {
  const ben = await server.headlessUser("ben");
  await ben.postMany(120, (n) => `message ${n}.`);
  const ana = await server.window("ana");
  await ana.waitForMessage("message 119.");
  await ana.page.locator(".timeline .list").evaluate((list) => list.scrollTo(0, 0));
  await ana.waitForMessage("message 50.");
  // On paper, which is narrow, the panel would lie above the messages.
  await ana.page.setViewportSize({ width: A4_WIDTH_PX, height: 900 });
  await ana.button("Show people").click();
  await ana.page.locator(".side-right").waitFor();
  await ana.page.emulateMedia({ colorScheme: "dark" });
  await ana.page.emulateMedia({ media: "print" });
  const printed = ana.page.locator(".printed");
  const prints = async () => {
    await ana.page.evaluate("dispatchEvent(new Event('afterprint'))");
    await ana.page.evaluate("dispatchEvent(new Event('beforeprint'))");
    return (await printed.locator("article").count()) > 80;
  };
  await until("all that is loaded is printed", prints);
  await printed.getByText("message 119.").waitFor();
  for (const hidden of [".side-rooms", ".composer", ".side-right", ".shade", ".list"]) {
    const display = `getComputedStyle(document.querySelector("${hidden}")).display`;
    expect([hidden, await ana.page.evaluate<string>(display)]).toEqual([hidden, "none"]);
  }
  const colour = "getComputedStyle(document.body).backgroundColor";
  expect(await ana.page.evaluate<string>(colour)).toBe("rgb(255, 255, 255)");
  await ana.page.evaluate("dispatchEvent(new Event('afterprint'))");
  await ana.page.emulateMedia({ media: null, colorScheme: "light" });
  const pdf = Buffer.from(await ana.page.pdf()).toString("latin1");
  expect(pdf.match(/\/Type \/Page\b(?!s)/g)?.length ?? 0).toBeGreaterThan(2);
  await ana.page.setViewportSize({ width: 1280, height: 800 });
});

/** Reports whether the script that draws formulas has loaded. */
const HAS_TEMML = `performance.getEntriesByType("resource").some(({ name, responseEnd }) =>
  name.includes("/temml-") && responseEnd > 0)`;

pageTest("prints formulas and emoji that were never on the screen", async () => {
  const pia = await server.headlessUser("pia");
  await pia.tab.ask("join", { room: "print", create: true });
  await pia.post("Half is $\\frac{1}{2}$, I am :confused:", "print");
  await pia.postMany(120, (n) => `line ${n}.`, "print");
  await pia.tab.ask("topic", { room: "print", topic: "What to take home" });
  const carl = await server.window("carl");
  await carl.send("/join print");
  await carl.waitForMessage("line 119.");
  await carl.page.locator(".list").press("End");
  await carl.button("Jump to latest").waitFor({ state: "detached" });
  await carl.reload(); // Without what the room has shown when it was opened.
  await carl.waitForMessage("line 119.");
  await until("formulas can be drawn", () => carl.page.evaluate<boolean>(HAS_TEMML));
  const printed = carl.page.locator(".printed");
  for (const colorScheme of ["light", "dark"] as const) {
    await carl.page.emulateMedia({ media: "print", colorScheme });
    // The browser prints what is there right after the event. The script may still be starting.
    const hasFormula = `dispatchEvent(new Event("afterprint")),
      dispatchEvent(new Event("beforeprint")),
      document.querySelector(".printed math") !== null`;
    await until("the formula is printed", () => carl.page.evaluate<boolean>(hasFormula));
    await printed.getByRole("img", { name: "confused" }).waitFor();
    await printed.locator("code", { hasText: "frac" }).waitFor({ state: "hidden" });
    const inks = await carl.page.evaluate<string[]>(
      `[".printed .words", "h1", ".topic"].map((name) =>
        getComputedStyle(document.querySelector(name)).color)`,
    );
    expect(inks).toEqual(["rgb(20, 32, 27)", "rgb(20, 32, 27)", "rgb(81, 97, 90)"]);
    // Of all that lies under the first message and under the heading.
    const papers = await carl.page.evaluate<string[]>(`[...new Set([".printed .row", "h1"]
      .flatMap((name) => {
        const under = [];
        for (let e = document.querySelector(name); e !== null; e = e.parentElement)
          under.push(getComputedStyle(e).backgroundColor);
        return under;
      }))]`);
    expect(papers.sort()).toEqual(["rgb(255, 255, 255)", "rgba(0, 0, 0, 0)"]);
    await carl.page.evaluate("dispatchEvent(new Event('afterprint'))");
  }
  await carl.page.emulateMedia({ media: null, colorScheme: "light" });
});

/** Test all widths in Indonesian, because its words are longer. */
const WIDTHS = { en: [320], id: [320, 820] } as const;

async function visitScreens(
  visit: Visit,
  dashboard: string,
  look: (screen: string) => Promise<void>,
) {
  const { keyboard } = visit.page;
  const press = (selector: string) => () =>
    visit.page.locator(selector).first().dispatchEvent("click");
  /** On a phone, what is the user's own is behind the third tab. */
  const pressOwn =
    (selector: string, onPhone = selector) =>
    async () => {
      const isPhone = (await visit.page.locator(".place-tab").count()) > 2;
      if (isPhone) await press(".place-tab >> nth=2")();
      await press(isPhone ? onPhone : selector)();
    };
  const over: Readonly<Record<string, () => Promise<unknown>>> = {
    search: () => keyboard.press("Control+Shift+F"),
    account: pressOwn(".me-button"),
    invite: async () => {
      const isPhone = (await visit.page.locator(".place-tab").count()) > 2;
      if (isPhone) return pressOwn(".place-row >> nth=1")();
      await press(".new-button")();
      await press(".menu-item >> nth=-1")();
    },
    rooms: async () => {
      await press(".place-tab")();
      await press(".new-button")();
      await press(".menu-item")();
    },
  };
  await look("room");
  for (const [screen, open] of Object.entries(over)) {
    await open();
    const opened = visit.page.locator("dialog[open]").first();
    await opened.waitFor();
    if (screen === "account") await visit.page.locator(".device button").waitFor();
    await look(screen);
    // Escape would first end the filter of the finder.
    await keyboard.press(screen === "search" || screen === "rooms" ? "Control+k" : "Escape");
    await opened.waitFor({ state: "detached" });
  }
  await press(`[aria-label="${dashboard}"]`)();
  await visit.page.locator("#tab-server").waitFor();
  for (const tab of await visit.page.getByRole("tab").all()) {
    await tab.click();
    await look(`dashboard, ${await tab.textContent()}`);
  }
}

pageTest("breaks no word inside a button, on any screen, in any language", async () => {
  const wrong: unknown[] = [];
  const link = String(server.served.listening["operatorLink"]);
  await using olga = await server.browser.visit(link);
  const { tab } = await server.headlessUser("olga");
  await tab.ask("passwd", { password: "correct horse" });
  const look = (screen: string) => async (language: string, width: number) => {
    for (const word of await brokenWords(olga)) wrong.push([language, width, screen, word]);
  };
  const speaks = async (language: string) => {
    const settings = JSON.stringify(JSON.stringify({ language }));
    await olga.page.evaluate(`localStorage.setItem("chat.settings", ${settings})`);
    await olga.reload();
  };
  for (const [language, widths] of Object.entries(WIDTHS)) {
    await speaks(language);
    await olga.field((await loadTexts(language)).name).waitFor();
    for (const width of widths) {
      await olga.page.setViewportSize({ width, height: 900 });
      await look("entering")(language, width);
    }
  }
  await olga.page.setViewportSize({ width: 1280, height: 900 });
  await olga.logIn("olga", { password: "correct horse" });
  for (const [language, widths] of Object.entries(WIDTHS)) {
    const { dashboard } = await loadTexts(language);
    for (const width of widths) {
      await olga.page.setViewportSize({ width, height: 900 });
      await speaks(language);
      await olga.composer.waitFor();
      await visitScreens(olga, dashboard, (screen) => look(screen)(language, width));
    }
  }
  expect(wrong).toEqual([]);
});

/** Maximum layout shift that is not noticeable; up to 0.1 counts as good. */
const SHIFT_MAX = 0.02;

const WATCH = `window.shifts = [];
new PerformanceObserver((list) => {
  for (const { value, hadRecentInput, sources } of list.getEntries())
    if (!hadRecentInput) window.shifts.push([value, ...sources.map(({ node }) => node?.className)]);
}).observe({ type: "layout-shift", buffered: true });`;

interface Shifted {
  readonly sum: number;
  readonly what: readonly unknown[];
}

function layoutShifts({ page }: Visit): Promise<Shifted> {
  return page.evaluate<Shifted>(`new Promise((resolve) =>
    requestAnimationFrame(() => requestAnimationFrame(() => requestAnimationFrame(() => resolve({
      sum: window.shifts.reduce((sum, [value]) => sum + value, 0),
      what: window.shifts,
    })))))`);
}

const LOOKS = [
  { width: 1440, height: 900 },
  { width: 390, height: 844 },
];

pageTest("loads without layout shifts before and after log-in", async () => {
  const cid = await server.headlessUser("cid");
  await cid.postMany(60, (n) => `word ${n}. ${"and so on ".repeat(n % 30)}`);
  const wrong: unknown[] = [];
  for (const look of LOOKS) {
    const note = async (visit: Visit, screen: string) => {
      const { sum, what } = await layoutShifts(visit);
      if (sum > SHIFT_MAX) wrong.push([look.width, screen, sum, what]);
    };
    await using visit = await server.visit({ ...look, initScript: WATCH });
    await visit.field("Name").waitFor();
    await note(visit, "entering");
    await visit.logIn(`eva${look.width}`);
    await visit.waitForMessage("word 59.");
    await note(visit, "the room");
    await visit.reload();
    await visit.waitForMessage("word 59.");
    await note(visit, "the room again");
  }
  expect(wrong).toEqual([]);
});

pageTest("keeps the words of a device's button on one line", async () => {
  await using kay = await server.logIn("kay", { password: "correct horse", width: 1024 });
  await using phone = await server.logIn("kay", { password: "correct horse", width: 360 });
  for (const language of ["en", "id"]) {
    const settings = JSON.stringify(JSON.stringify({ language }));
    await phone.page.evaluate(`localStorage.setItem("chat.settings", ${settings})`);
    await phone.reload();
    const texts = await loadTexts(language);
    await phone.page.locator(".room-head button").first().click();
    await phone.button(texts.ownPlace).click();
    await phone.page.locator(".me-button").click();
    const button = phone.page.locator(".device .button").filter({ hasText: texts.signOutDevice });
    await button.first().waitFor();
    const lines = await phone.page.evaluate<number>(`(() => {
      const range = document.createRange();
      range.selectNodeContents(document.querySelector(".device .button"));
      return range.getClientRects().length;
    })()`);
    expect([language, lines]).toEqual([language, 1]);
  }
  await kay.page.close();
});

/** A window as low as that of a zoomed page, a phone on its side, or one above a keyboard. */
const LOW_WINDOWS = [
  { width: 390, height: 420, coveredPx: 0 },
  { width: 740, height: 300, coveredPx: 0 },
  { width: 390, height: 844, coveredPx: 336 },
] as const;

pageTest("keeps all of the finder in a low window", async () => {
  for (let i = 0; i < 12; i++) await server.headlessUser(`low${i}`);
  const ana = await server.window("ana");
  const { page } = ana;
  for (const { coveredPx, ...size } of LOW_WINDOWS) {
    await page.setViewportSize(size);
    // The page itself sets the property when its window has changed, maybe after this.
    await page.evaluate(`new Promise((resolve) => {
      requestAnimationFrame(() => requestAnimationFrame(() => {
        document.documentElement.style.setProperty("--covered-bottom", "${coveredPx}px");
        resolve();
      }));
    })`);
    await ana.find("@low");
    await ana.results.nth(11).waitFor();
    const box = await page.locator("dialog.finder").boundingBox();
    const [top, bottom] = [box?.y ?? -1, (box?.y ?? 0) + (box?.height ?? 0)];
    expect([size, top >= 0, bottom <= size.height - coveredPx]).toEqual([size, true, true]);
    await ana.results.nth(11).scrollIntoViewIfNeeded();
    const last = await ana.results.nth(11).boundingBox();
    expect((last?.y ?? 0) + (last?.height ?? 0)).toBeLessThanOrEqual(bottom);
    await page.keyboard.press("Control+k");
    await ana.finder.waitFor({ state: "detached" });
  }
  await page.evaluate("document.documentElement.removeAttribute('style')");
  await page.setViewportSize({ width: 1280, height: 800 });
});

pageTest("moves no message when a banner appears", async () => {
  const max = await server.headlessUser("max");
  await using lea = await server.logIn("lea", { width: 390, height: 844, isPhone: true });
  await lea.send("stays here");
  await lea.waitUntilSent();
  const place = () => lea.message("stays here").boundingBox();
  const before = await place();
  await max.tab.ask("join", { room: "attic", create: true, password: "open sesame" });
  await max.tab.ask("invite-user", { room: "attic", user: "lea" });
  const banner = lea.invitation("max invited you to #attic.");
  await banner.waitFor();
  expect(await place()).toEqual(before);
  const list = await lea.page.locator(".room-head").boundingBox();
  const top = (await banner.boundingBox())?.y ?? 0;
  expect(top).toBeGreaterThanOrEqual((list?.y ?? 0) + (list?.height ?? 0));
  await banner.getByRole("button", { name: "Dismiss" }).tap();
  await banner.waitFor({ state: "detached" });
});

pageTest("on a phone, opens a room's details; shows a touched message", async () => {
  await using gus = await server.logIn("gus", { width: 390, height: 844, isPhone: true });
  await gus.createRoom("annex");
  const head = async () => (await gus.page.locator(".room-head").boundingBox())?.height;
  const heightWithoutTopic = await head();
  const topic = "bring rulers and compasses, the test about fractions is on";
  await gus.send(`/topic ${topic} **Friday**`);
  await gus.page.getByText(`set the topic: ${topic} Friday`).waitFor();
  expect(await head()).toBe(heightWithoutTopic);
  await gus.page.locator(".room-head .topic").tap();
  await gus.dialog("Room details").getByText(`${topic} Friday`).waitFor();
  await gus.dialog("Room details").getByText("1 person, 1 here").waitFor();
  expect(await gus.accessibilityViolations()).toEqual([]);
  await gus.page.keyboard.press("Escape");
  await gus.page.locator(".new-button").dispatchEvent("click");
  await gus.page.locator(".menu-item").first().dispatchEvent("click");
  await gus.results.getByText(`${topic} Friday`).waitFor();
  await gus.page.keyboard.press("Control+k");
  await gus.send("/topic rulers");
  await gus.page.locator(".room-head .topic").getByText("1 person, 1 here").tap();
  await gus.dialog("Room details").getByText("rulers", { exact: true }).waitFor();
  await gus.page.keyboard.press("Escape");
  await gus.send("touch me");
  await gus.waitUntilSent();
  await gus.composer.focus();
  const message = gus.message("touch me");
  await message.tap();
  await message.locator(".tools").waitFor();
  const outline = `getComputedStyle(document.activeElement).outlineStyle`;
  expect(await gus.page.evaluate<string>("document.activeElement.tagName")).toBe("ARTICLE");
  expect(await gus.page.evaluate<string>(outline)).toBe("none");
  await gus.chooseFromMenu("touch me", "Pin");
  await gus.page.getByRole("link", { name: "gus pinned a message" }).click();
  await gus.page.locator("article.is-shown").getByText("touch me").waitFor();
});

pageTest("extends the highlight of a message to the edge of the list", async () => {
  const ana = await server.window("ana");
  await ana.createRoom("empty");
  await ana.send("alone");
  await ana.waitUntilSent();
  const [row, list] = await Promise.all([
    ana.message("alone").boundingBox(),
    ana.page.locator(".timeline").boundingBox(),
  ]);
  expect(row?.width).toBe(list?.width);
});

const DEFAULT_PX = 16;
const LARGER_PX = 28;

type Sizes = readonly (readonly [name: string, px: number])[];

/** Remembers the elements with text, because others may appear before they are measured again. */
const REMEMBER = `window.measured = [...document.querySelectorAll("#page *")].filter(
  (element) => [...element.childNodes].some(
    (node) => node.nodeType === 3 && node.data.trim() !== ""))`;

function sizes({ page }: Visit): Promise<Sizes> {
  return page.evaluate<Sizes>(`window.measured.map((element) => [
    element.tagName + "." + [...element.classList].join("."),
    element.isConnected ? parseFloat(getComputedStyle(element).fontSize) : 0,
  ])`);
}

pageTest("scales all text with the browser's font size", async () => {
  await using gil = await server.visit({ width: 1440, height: 900 });
  const devtools = await gil.context.newCDPSession(gil.page);
  const screens: Sizes[][] = [];
  const measures = async () => {
    const measured: Sizes[] = [];
    await gil.page.evaluate(REMEMBER);
    for (const standard of [DEFAULT_PX, LARGER_PX]) {
      await devtools.send("Page.setFontSizes", { fontSizes: { standard } });
      measured.push(await sizes(gil));
    }
    screens.push(measured);
  };
  await gil.field("Name").waitFor();
  await measures();
  await gil.logIn("gil");
  await gil.send("some words of mine");
  await gil.waitForMessage("some words of mine");
  await gil.waitUntilSent();
  await gil.find("words");
  await gil.results.first().waitFor();
  await measures();
  const ratio = LARGER_PX / DEFAULT_PX;
  const pairs = screens.flatMap(([before = [], after = []]) =>
    before.map(([name, px], at) => ({ name, px, now: after[at]?.[1] ?? 0 })),
  );
  const shown = pairs.filter(({ px, now }) => px > 0 && now > 0);
  expect(shown.filter(({ px, now }) => Math.abs(now / px - ratio) > 0.02)).toEqual([]);
  expect(shown.length).toBeGreaterThan(20);
});
