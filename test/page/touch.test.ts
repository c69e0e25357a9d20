import { expect } from "bun:test";
import { writeFileSync } from "node:fs";
import type { Locator } from "playwright-core";
import { Relay } from "../e2e/relay.ts";
import { until } from "../event.ts";
import { pageTest } from "./browser.ts";
import { Finger } from "./finger.ts";
import { photo } from "./fixtures.ts";
import { PageServer } from "./page-server.ts";
import type { Visit } from "./visit.ts";

const server = new PageServer();
const PHONE = { width: 390, height: 844, isPhone: true };

function numberIn({ page }: Visit, script: string): Promise<number> {
  return page.evaluate<number>(script);
}

async function isBelow(layer: Locator, bottom: number): Promise<boolean> {
  const box = await layer.boundingBox();
  return box !== null && Math.abs(box.y + box.height - bottom) < 1;
}

pageTest("opens a sheet at the bottom after a long press on a message", async () => {
  const ben = await server.headlessUser("ben");
  const ana = await server.window("ana", PHONE);
  const finger = await Finger.of(ana);
  await ben.post("first of two");
  await ben.post("second of two");
  await ana.waitForMessage("second of two");
  const sheet = ana.page.getByRole("menu");
  const [first, second] = [ana.message("first of two"), ana.message("second of two")];

  // A finger that moves does not press.
  await finger.touch(first);
  await finger.moveBy(0, 40);
  await finger.lift();
  await finger.touch(second);
  await sheet.waitFor();
  expect(await sheet.count()).toBe(1);
  await until("the sheet is at the bottom", () => isBelow(sheet, PHONE.height));
  await finger.lift();
  expect(await ana.page.evaluate<string>("getSelection().toString()")).toBe("");
  expect(await ana.accessibilityViolations()).toEqual([]);
  expect(await sheet.getByRole("menuitem").allTextContents()).toEqual(
    expect.arrayContaining(["👍", "Reply", "Copy text", "Copy link", "Save for later"]),
  );
  await ana.menuItem("React with 👏").tap();
  await second.getByRole("button", { name: "👏 1: you" }).waitFor();

  await finger.touch(second);
  await sheet.waitFor();
  await finger.lift();
  // The page adds the entry to the history after it has drawn the sheet.
  const hasEntry = () => ana.page.evaluate<boolean>("history.state === 2");
  await until("the history has the sheet", hasEntry);
  await ana.page.goBack();
  await sheet.waitFor({ state: "detached" });
  await finger.touch(second);
  await sheet.waitFor();
  await finger.lift();
  // A tap above the sheet closes it, and reaches nothing else.
  await ana.page.touchscreen.tap(360, 20);
  await sheet.waitFor({ state: "detached" });
  expect(await ana.page.locator("dialog, .side-right").count()).toBe(0);
});

pageTest("closes a picture that a finger moves down", async () => {
  const ana = await server.window("ana", PHONE);
  const path = server.sandbox.path("roof.png");
  writeFileSync(path, photo(300, 200));
  await server.home("cal").json(["send-file", path]);
  await ana.button("Enlarge roof.png").tap();
  const viewer = ana.dialog("roof.png");
  const finger = await Finger.of(ana);
  await finger.touch(viewer.getByRole("img"));
  await finger.moveBy(0, 120);
  await finger.lift();
  await viewer.waitFor({ state: "detached" });
});

pageTest("draws no focus outline where a script sets the focus after a tap", async () => {
  const ana = await server.window("ana", PHONE);
  const outlineAfter = (event: string) =>
    ana.page.evaluate<string>(`(() => {
      document.activeElement.blur();
      document.dispatchEvent(${event});
      document.querySelector(".list").focus();
      return getComputedStyle(document.activeElement).outlineStyle;
    })()`);
  await ana.reload();
  await ana.composer.waitFor();
  const outlineAtStart = `document.querySelector(".list").focus(),
    getComputedStyle(document.activeElement).outlineStyle`;
  expect(await ana.page.evaluate<string>(outlineAtStart)).toBe("none");
  // Browsers differ in which outlines they draw. After a key, all draw one.
  await ana.page.keyboard.press("Tab");
  expect(await outlineAfter('new PointerEvent("pointerdown")')).toBe("none");
  expect(await outlineAfter('new KeyboardEvent("keydown", { key: "Tab" })')).toBe("solid");
  // The key moved the focus to the first button of the list, perhaps far above.
  await ana.page.keyboard.press("End");
});

pageTest("selects a part of a message after a long press", async () => {
  const una = await server.headlessUser("una");
  const ana = await server.window("ana", PHONE);
  const finger = await Finger.of(ana);
  await una.post("The password is tulip7, until Friday");
  const message = ana.message("tulip7").first();
  await message.waitFor();
  /** Selects a word as the browser does, where it allows that. */
  const selectedBy = async (place: string) => {
    const at = await ana.page.evaluate<{ x: number; y: number }>(`(() => {
      const texts = document.createTreeWalker(
        document.querySelector("${place}"), NodeFilter.SHOW_TEXT);
      while (!texts.nextNode().data.includes("tulip7"));
      const start = texts.currentNode.data.indexOf("tulip7");
      const range = document.createRange();
      range.setStart(texts.currentNode, start);
      range.setEnd(texts.currentNode, start + 6);
      const { x, y, width, height } = range.getBoundingClientRect();
      return { x: x + width / 2, y: y + height / 2 };
    })()`);
    await ana.page.mouse.dblclick(at.x, at.y);
    return ana.page.evaluate<string>("getSelection().toString().trim()");
  };
  await finger.touch(message);
  await ana.page.getByRole("menu").waitFor();
  await finger.lift();
  await ana.menuItem("Select text").tap();
  const dialog = ana.dialog("Select text");
  await dialog.getByText("The password is tulip7, until Friday").waitFor();
  expect(await selectedBy(".selectable")).toBe("tulip7");
  // The browser copies the selection: the page replaces only that of several messages.
  const isCopiedByBrowser = `document.dispatchEvent(new ClipboardEvent("copy", {
    clipboardData: new DataTransfer(), bubbles: true, cancelable: true }))`;
  expect(await ana.page.evaluate<boolean>(isCopiedByBrowser)).toBe(true);
  expect(await ana.accessibilityViolations()).toEqual([]);
  await dialog.getByRole("button", { name: "Close" }).tap();
});

pageTest("replies to a message that is swiped to the right", async () => {
  const cid = await server.headlessUser("cid");
  await cid.postMany(60, (n) => `question ${n}.`);
  const ana = await server.window("ana", PHONE);
  const finger = await Finger.of(ana);
  await ana.waitForMessage("question 59.");
  const message = ana.message("question 59.");
  const reply = ana.page.locator(".composer-about");
  const armed = () => ana.page.locator(".reply-mark").getAttribute("data-armed");

  await finger.touch(message);
  await finger.moveBy(40, 3);
  await until("the message follows", async () => (await armed()) === "false");
  await finger.lift();
  await until("the swipe has ended", async () => (await armed()) === null);
  expect(await reply.count()).toBe(0);

  await finger.touch(message);
  await finger.moveBy(80, 3);
  await until("the mark shows that it replies", async () => (await armed()) === "true");
  const moved = `Number.parseFloat(getComputedStyle(document.querySelector(
    "article[style*=translate]")).translate)`;
  expect(await numberIn(ana, moved)).toBeGreaterThan(50);
  await finger.lift();
  await reply.getByText("cid").waitFor();
  await ana.page.keyboard.press("Escape");
  await reply.waitFor({ state: "detached" });

  const top = "document.querySelector('.timeline .list').scrollTop";
  const before = await numberIn(ana, top);
  await finger.touch(message);
  await finger.moveBy(10, 120);
  await finger.moveBy(150, 0);
  await finger.lift();
  await until("the list has scrolled", async () => (await numberIn(ana, top)) < before);
  expect([await armed(), await reply.count()]).toEqual([null, 0]);
});

pageTest("opens the drawer by a swipe from the edge, and closes it by one back", async () => {
  const ana = await server.window("ana", PHONE);
  const finger = await Finger.of(ana);
  const drawer = ana.page.getByRole("complementary", { name: "Rooms" });
  await finger.touchAt(8, 400);
  await finger.moveBy(30, 0);
  await ana.page.locator("[data-dragging]").waitFor();
  await finger.lift();
  await drawer.waitFor({ state: "hidden" });
  await finger.touchAt(8, 400);
  await finger.moveBy(120, 5);
  await finger.lift();
  await drawer.waitFor();
  await finger.touchAt(200, 500);
  await finger.moveBy(-100, 5);
  await finger.lift();
  await drawer.waitFor({ state: "hidden" });
  await finger.touchAt(8, 400);
  await finger.moveBy(5, 100);
  await finger.moveBy(120, 0);
  await finger.lift();
  expect(await drawer.isVisible()).toBe(false);
});

/** Interactive elements that are smaller than a finger, except links and names inside texts. */
const SMALL = `(() => {
  const layer = [...document.querySelectorAll("dialog[open]")].at(-1) ?? document;
  const kinds = "button, a[href], input, select, textarea, summary, [role=option], [role=tab]";
  return [...layer.querySelectorAll(kinds)].flatMap((element) => {
    const isInText = element.closest(".words, .said, .topic, .program-offer p") !== null;
    const isCode = element.closest(".code") !== null;
    const visible = { opacityProperty: true, visibilityProperty: true };
    if ((isInText && !isCode) || !element.checkVisibility(visible)) return [];
    if (element.matches(".sr-only, .sr-only *, .shade, .skip")) return [];
    if (element.closest("[inert]") !== null) return [];
    const { width, height } = (element.closest("label") ?? element).getBoundingClientRect();
    const isSmall = Math.min(width, height) < 43.9;
    const name = element.ariaLabel ?? element.textContent;
    const size = width + "x" + height;
    return isSmall ? [element.tagName + "." + element.className + " " + name + " " + size] : [];
  });
})()`;

pageTest("has no target smaller than a finger on a phone", async () => {
  const small: Record<string, readonly string[]> = {};
  const dan = await server.headlessUser("dan");
  await using fay = await server.visit(PHONE);
  const look = async (view: string) => {
    const found = await fay.page.evaluate<string[]>(SMALL);
    if (found.length > 0) small[view] = found;
  };
  await fay.field("Name").waitFor();
  await look("log-in");
  await fay.logIn("fay");
  await fay.createRoom("sizes");
  await fay.send("/topic see https://school.example/ today");
  await dan.tab.ask("join", { room: "sizes" });
  await dan.post("a question", "sizes");
  await dan.post("```\ncode\n```", "sizes");
  const file = server.sandbox.path("notes.txt");
  writeFileSync(file, "notes");
  await fay.sendFiles(file);
  await fay.file("notes.txt").waitFor();
  await fay.chooseFromMenu("a question", "Reply");
  await look("reply");
  await fay.send("an answer");
  await fay.message("an answer").locator(".quote").getByText("dan").waitFor();
  await fay.openMenu("a question");
  await look("menu of a message");
  await fay.menuItem("React with 👏").tap();
  await fay.page.getByRole("button", { name: /👏 1/ }).waitFor();
  await fay.message("a question").first().tap();
  await fay.page.locator(".tools").waitFor();
  await look("room");
  const { page } = fay;
  const open = async (view: string, button: Locator, layer: Locator) => {
    await button.tap();
    await layer.waitFor();
    await look(view);
  };
  const panel = (name: string) => page.getByRole("complementary", { name });
  const close = async (layer: Locator) => {
    await page.keyboard.press("Escape");
    await layer.waitFor({ state: "hidden" });
  };
  await open("people", fay.button("Show people"), panel("People"));
  await close(panel("People"));
  await open("search", fay.button("Search").last(), fay.finder);
  await fay.button("Back").tap();
  await fay.finder.waitFor({ state: "detached" });
  await open("room menu", fay.button("Actions for sizes"), page.getByRole("menu"));
  await close(page.getByRole("menu"));
  await open("emoji", fay.button("Emoji").last(), page.getByRole("dialog"));
  await close(page.getByRole("dialog"));
  await open("drawer", fay.button(/^Open the list of rooms/), panel("Rooms"));
  await fay.button("Activity").tap();
  await look("activity");
  await fay.button("You").tap();
  await look("own place");
  const dialogs = { settings: page.locator(".me-button"), invitation: fay.button("Invite people") };
  for (const [view, button] of Object.entries(dialogs)) {
    await open(view, button, page.getByRole("dialog"));
    await close(page.getByRole("dialog"));
  }
  await fay.button("Chats").tap();
  for (const name of ["Browse rooms", "Create room"]) {
    await open("new", fay.button("New"), page.getByRole("menu"));
    await open(name, fay.menuItem(name), page.getByRole("dialog"));
    if (name === "Browse rooms") await page.keyboard.press("Escape"); // It ends the filter.
    await close(page.getByRole("dialog"));
  }
  await using olga = await server.browser.visit(
    String(server.served.listening["operatorLink"]),
    PHONE,
  );
  await olga.logIn("olga");
  await olga.page.locator('[aria-label="Server administration"]').dispatchEvent("click");
  await olga.page.locator("#tab-server").waitFor();
  for (const tab of await olga.page.getByRole("tab").all()) {
    await tab.tap();
    const found = await olga.page.evaluate<string[]>(SMALL);
    if (found.length > 0) small[String(await tab.textContent())] = found;
  }
  expect(small).toEqual({});
});

pageTest("shows the sections of the settings in one row that scrolls", async () => {
  const kim = await server.window("kim", { ...PHONE, width: 360, language: "id-ID" });
  await kim.page.locator(".room-head button").first().tap();
  await kim.button("Anda").tap();
  await kim.page.locator(".me-button").tap();
  const nav = kim.page.locator(".settings-nav");
  await nav.getByRole("button", { name: "Privasi" }).tap();
  expect((await nav.boundingBox())?.height).toBeLessThan(2 * 44);
  expect((await kim.page.locator(".dialog-foot").boundingBox())?.height).toBeLessThan(2 * 44);
  expect(await kim.overflow()).toBe(0);
});

pageTest("shows who is here, not the topic, and that there are more kinds of emoji", async () => {
  const tia = await server.window("tia", { ...PHONE, width: 360 });
  await tia.createRoom("topical");
  await tia.send("/topic Fractions, homework for Friday, and everything about the school trip");
  const topic = tia.page.locator(".room-title .topic");
  await topic.getByText("1 person, 1 here").waitFor();
  expect((await topic.boundingBox())?.height).toBeLessThan(30);
  await tia.button("Emoji").tap();
  const categories = tia.page.locator(".emoji-categories");
  await categories.getByRole("button").first().waitFor();
  const style = await tia.page.evaluate<string>(
    "getComputedStyle(document.querySelector('.emoji-categories')).backgroundImage",
  );
  expect(style.match(/gradient/g)).toHaveLength(4);
  await tia.page.keyboard.press("Escape");
});

/** Stands for a browser that lays the keyboard over the page. */
const COVERING_KEYBOARD = `Object.defineProperty(window, "visualViewport", {
  value: Object.assign(new EventTarget(), { scale: 1, height: innerHeight, offsetTop: 0 }),
});`;

pageTest("puts the time beside a short own text, and the own place at the top", async () => {
  const ana = await server.window("ana", PHONE);
  await ana.send("just one line");
  await ana.waitUntilSent();
  const text = ana.message("just one line").locator(".words");
  const { y, height } = (await text.boundingBox()) ?? { y: 0, height: 0 };
  const lineHeight = await numberIn(
    ana,
    "parseFloat(getComputedStyle(document.querySelector('.is-own .words')).lineHeight)",
  );
  expect(height).toBeCloseTo(lineHeight, 0);
  const time = await ana.message("just one line").locator(".slip").boundingBox();
  expect((time?.y ?? 0) + (time?.height ?? 0)).toBeLessThanOrEqual(y + height + 1);

  await ana.button(/^Open the list of rooms/).click();
  await ana.button("You").click();
  const own = await ana.page.locator(".me").boundingBox();
  const saved = await ana.page.locator(".place-row").first().boundingBox();
  expect(own?.height).toBeLessThan(240);
  expect(saved?.y).toBeLessThan((own?.y ?? 0) + (own?.height ?? 0) + 10);
  await ana.button("Do not disturb").tap();
  await ana.menuItem("1 h").tap();
  await ana.page.locator('.me [aria-pressed="true"]').tap();
  await ana.button(/^Devices/).tap();
  await ana.dialog("Devices").getByText("This device").waitFor();
  await ana.button("Close").tap();
  await ana.button("Chats").click();
  await ana.leaveHome();
});

pageTest("keeps the header and the message box above the keyboard", async () => {
  const gil = await server.window("gil", { ...PHONE, initScript: COVERING_KEYBOARD });
  const show = (viewport: string) =>
    gil.page.evaluate(
      `Object.assign(visualViewport, ${viewport}).dispatchEvent(new Event("resize"))`,
    );
  const edges = async () => {
    const head = await gil.page.locator(".room-head").boundingBox();
    const box = await gil.page.locator(".composer").boundingBox();
    return [head?.y, (box?.y ?? 0) + (box?.height ?? 0)];
  };
  expect(await edges()).toEqual([0, 844]);
  await show("{ height: 500, offsetTop: 60 }");
  expect(await edges()).toEqual([60, 560]);
  await show("{ height: 422, scale: 2 }");
  expect(await edges()).toEqual([0, 844]);
  const touchAction = "getComputedStyle(document.querySelector('.list')).touchAction";
  expect(await gil.page.evaluate<string>(touchAction)).toBe("auto");
  await show("{ height: 844, scale: 1, offsetTop: 0 }");
  expect(await edges()).toEqual([0, 844]);
  const meta = await gil.page.locator("meta[name=viewport]").getAttribute("content");
  expect(meta).toContain("interactive-widget=resizes-content");

  const devtools = await gil.context.newCDPSession(gil.page);
  const insets = { top: 40, bottom: 50, left: 0, right: 0 };
  await devtools.send("Emulation.setSafeAreaInsetsOverride", { insets });
  expect(await edges()).toEqual([40, 844]);
  const field = await gil.composer.boundingBox();
  expect((field?.y ?? 844) + (field?.height ?? 0)).toBeLessThanOrEqual(844 - 50);
});

/** Values that phones report while the keyboard is open, and the edges of the visible part. */
const KEYBOARDS = [
  // iOS lays the keyboard over the page, and may move the window over the page.
  { name: "covers", windowPx: 844, viewport: { height: 508, offsetTop: 0 }, edges: [0, 508] },
  { name: "moves", windowPx: 844, viewport: { height: 508, offsetTop: 60 }, edges: [60, 568] },
  {
    name: "moves all",
    windowPx: 844,
    viewport: { height: 508, offsetTop: 336 },
    edges: [336, 844],
  },
  // Safari 26 also lowers the window.
  { name: "lowers", windowPx: 508, viewport: { height: 508, offsetTop: 336 }, edges: [336, 844] },
  // Android lowers the window only.
  { name: "resizes", windowPx: 508, viewport: { height: 508, offsetTop: 0 }, edges: [0, 508] },
] as const;

pageTest("keeps fields, dialogs and menus above the keyboard of each phone", async () => {
  await using kim = await server.logIn("wes", { ...PHONE, initScript: COVERING_KEYBOARD });
  const { page } = kim;
  await kim.send("first of all");
  await kim.waitUntilSent();
  const report = (viewport: object) =>
    page.evaluate(`(Object.assign(visualViewport, ${JSON.stringify(viewport)}),
      visualViewport.dispatchEvent(new Event("resize")),
      visualViewport.dispatchEvent(new Event("scroll")))`);
  /** Names what is not between the edges, or would make a phone zoom in. */
  const problems = (selector: string, [top, bottom]: readonly [number, number]) =>
    page.evaluate<string[]>(`(() => {
      const all = [...document.querySelectorAll(${JSON.stringify(selector)})]
        .filter((each) => each.checkVisibility({ visibilityProperty: true }));
      if (all.length === 0) return ["${selector} is absent"];
      return all.flatMap((each) => {
        const box = each.getBoundingClientRect();
        const isInside = box.top >= ${top} - 1 && box.bottom <= ${bottom} + 1;
        const fields = "input:not([type=checkbox], [type=radio]), textarea, select";
        const isSmall = each.matches(fields) &&
          parseFloat(getComputedStyle(each).fontSize) < 16;
        const name = each.className + " " + each.tagName;
        return [
          ...(isInside ? [] : [name + " at " + box.top + " to " + box.bottom]),
          ...(isSmall ? [name + " is too small"] : []),
        ];
      });
    })()`);
  const close = async () => {
    await page.keyboard.press("Escape");
    await page.locator("dialog[open], .menu").waitFor({ state: "detached" });
  };
  for (const { name, windowPx, viewport, edges } of KEYBOARDS) {
    const expectInside = (selector: string) =>
      until(
        `${selector} is visible while the keyboard ${name}`,
        async () => {
          const found = await problems(selector, edges);
          return found.length === 0 || undefined;
        },
        5_000,
      ).catch(async (error: unknown) => {
        throw new Error(`${error}: ${await problems(selector, edges)}`);
      });
    const openKeyboard = async () => {
      await page.setViewportSize({ width: 390, height: windowPx });
      await report(viewport);
    };
    const closeKeyboard = async () => {
      await page.setViewportSize({ width: 390, height: 844 });
      await report({ height: 844, offsetTop: 0 });
    };
    await openKeyboard();
    await expectInside(".room-head, .composer, .composer textarea");
    await kim.composer.fill("/jo");
    await expectInside(".composer, .composer textarea, [role=listbox]");
    await kim.composer.fill("");
    await page.keyboard.press("Control+k");
    await expectInside("dialog[open], dialog[open] input");
    await close();
    await page.locator(".composer-add").dispatchEvent("click");
    await expectInside(".menu");
    await close();
    await kim.button("Emoji").dispatchEvent("click");
    await expectInside("dialog[open], dialog[open] input");
    await close();
    await closeKeyboard();
    await kim.button(/^Open the list of rooms/).tap();
    const settings = await kim.openSettings();
    await openKeyboard();
    await expectInside("dialog[open]");
    await settings.locator("input, select").last().focus();
    await expectInside("dialog[open] :focus, dialog[open]");
    await close();
    await closeKeyboard();
    await kim.button("Chats").click();
    await kim.leaveHome();
  }
});

pageTest("keeps lines of messages visible in a short window with a banner", async () => {
  await using relay = await Relay.open(server.served.port);
  await using hal = await server.logIn("hal", { ...PHONE, width: 320, height: 256, via: relay });
  await hal.send("still visible");
  await hal.waitUntilSent();
  relay.cut();
  await hal.page.getByText(/^Can't reach the server/).waitFor();
  const list = await hal.page.locator(".timeline .list").boundingBox();
  expect(list?.height).toBeGreaterThan(50);
  relay.mend();
});

pageTest(
  "shows the last line, its time and the unread count of each room in the drawer",
  async () => {
    const ida = await server.headlessUser("ida");
    const jon = await server.window("jon", PHONE);
    await ida.post("**Homework**\nis on page 12\u202e", "@jon");
    await ida.post("for all", "lobby");
    await jon.button(/^Open the list of rooms/).tap();
    const line = jon.room("@ida");
    await line.getByText("Homework is on page 12<U+202E>", { exact: true }).waitFor();
    await line.getByText("1 unread").waitFor();
    expect(await line.locator("time").textContent()).toMatch(/^\d\d:\d\d$/);
    await jon.room("lobby").getByText("ida: for all").waitFor();
    expect(await jon.accessibilityViolations()).toEqual([]);
    await line.tap();
    await jon.send("I see");
    await jon.waitUntilSent();
    await jon.button(/^Open the list of rooms/).tap();
    await line.getByText("You: I see").waitFor();
  },
);
