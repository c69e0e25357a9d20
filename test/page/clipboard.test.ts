import { expect } from "bun:test";
import { until } from "../event.ts";
import { pageTest } from "./browser.ts";
import { PageServer } from "./page-server.ts";

const server = new PageServer();

pageTest("a paste with text and a picture is text; a picture alone is attached", async () => {
  const ana = await server.window("ana");
  const paste = (withText: boolean) =>
    ana.page.evaluate<boolean>(`(() => {
      const clipboardData = new DataTransfer();
      if (${withText}) clipboardData.setData("text/plain", "Ani\\t81");
      clipboardData.items.add(new File(["x"], "image.png", { type: "image/png" }));
      const event = new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true });
      return document.querySelector(".composer textarea").dispatchEvent(event);
    })()`);
  expect(await paste(true)).toBe(true); // The browser pastes the text.
  expect(await ana.attachments.count()).toBe(0);
  expect(await paste(false)).toBe(false);
  await ana.attachments.first().waitFor();
  await ana
    .button(/^Remove/)
    .first()
    .click();
});

pageTest("a copy of several messages has authors and texts only", async () => {
  const ana = await server.window("ana");
  const ben = await server.headlessUser("ben");
  await ben.post("first line");
  await ben.post("second line");
  await ana.waitForMessage("second line");
  await ana.message("second line").first().hover();
  const copied = await ana.page.evaluate<string>(`(() => {
    const all = [...document.querySelectorAll("article.message")];
    const range = document.createRange();
    range.setStartBefore(all.at(-2));
    range.setEndAfter(all.at(-1));
    getSelection().removeAllRanges();
    getSelection().addRange(range);
    const clipboardData = new DataTransfer();
    document.dispatchEvent(new ClipboardEvent("copy", { clipboardData, bubbles: true }));
    getSelection().removeAllRanges();
    return clipboardData.getData("text/plain");
  })()`);
  expect(copied).toBe("ben: first line\nsecond line");
});

/** Text that the page puts on the clipboard for the present selection. */
const COPY = `(() => {
  const clipboardData = new DataTransfer();
  document.dispatchEvent(new ClipboardEvent("copy", { clipboardData, bubbles: true }));
  return clipboardData.getData("text/plain");
})()`;

/** Function of the page that returns the text node of a message, and another that waits a frame. */
const SELECTING = `
  const textOf = (text) => {
    const walk = document.createTreeWalker(document.querySelector(".list"), NodeFilter.SHOW_TEXT);
    while (walk.nextNode()) if (walk.currentNode.data === text) return walk.currentNode;
  };
  const frame = () => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
  const list = document.querySelector(".list");`;

/** More than the list keeps for a selection. */
const LINES = 340;

pageTest("a copy has every message between the ends of the selection", async () => {
  const ana = await server.window("ana");
  const [dan, cleo] = [await server.headlessUser("dan"), await server.headlessUser("cleo")];
  await ana.createRoom("long");
  for (const user of [dan, cleo]) await user.tab.ask("join", { room: "long" });
  const lines: string[] = [];
  for (let i = 0; i < LINES; i++) {
    const user = i % 2 === 0 ? dan : cleo;
    lines.push(`line ${i}`);
    await user.post(`line ${i}`, "long");
  }
  await ana.waitForMessage(`line ${LINES - 1}`);
  const copied = await ana.page.evaluate<readonly [number, string, string]>(`(async () => {
    ${SELECTING}
    const last = textOf("line ${LINES - 1}");
    getSelection().setBaseAndExtent(last, 4, last, 5);
    while (textOf("line 0") === undefined) {
      list.scrollTop -= 400;
      await frame();
    }
    const drawn = list.querySelectorAll("article.message").length;
    getSelection().extend(textOf("line 0"), 2);
    await frame();
    const upwards = ${COPY};
    // Neither end is in the document.
    const first = textOf("line 0");
    getSelection().setBaseAndExtent(first, 5, textOf("line 2"), 6);
    await frame();
    while (textOf("line ${LINES - 1}") === undefined) {
      list.scrollTop += 400;
      await frame();
    }
    const scrolledAway = ${COPY};
    getSelection().removeAllRanges();
    return [drawn, upwards, scrolledAway];
  })()`);
  const [drawn, upwards, scrolledAway] = copied;
  expect(drawn).toBeLessThan(lines.length);
  const authors = lines.map((line, i) => `${i % 2 === 0 ? "dan" : "cleo"}: ${line}`);
  expect(upwards.split("\n")).toEqual(["dan: ne 0", ...authors.slice(1, -1), "cleo: line"]);
  expect(scrolledAway.split("\n")).toEqual(["dan: 0", "cleo: line 1", "dan: line 2"]);

  // Within the bound, the selection itself remains.
  const kept = await ana.page.evaluate<readonly unknown[]>(`(async () => {
    ${SELECTING}
    const newest = ${LINES - 1};
    const results = [];
    const scrolls = {
      step: async (px) => {
        for (let n = 0; n < 12; n++) {
          list.scrollTop += px;
          await frame();
        }
      },
      jump: async (px) => {
        list.scrollTop += 12 * px;
        await frame();
      },
    };
    for (const [first, last] of [[newest, newest], [newest - 2, newest]]) {
      for (const scroll of Object.values(scrolls)) {
        getSelection().setBaseAndExtent(
          textOf("line " + first), 1, textOf("line " + last), 6);
        await frame();
        const before = getSelection().toString();
        await scroll(-400);
        const awayPx = list.scrollHeight - list.clientHeight - list.scrollTop;
        const away = getSelection().toString();
        await scroll(400);
        results.push([awayPx >= 4000, away === before, getSelection().toString() === before]);
      }
    }
    getSelection().removeAllRanges();
    await frame();
    await scrolls.step(-100);
    return [...results, list.querySelectorAll("article.message").length < 200];
  })()`);
  expect(kept).toEqual([...Array.from({ length: 4 }, () => [true, true, true]), true]);
  await ana.room("lobby").click();
  await ana.heading("#lobby").waitFor();
});

pageTest("keys on the page go to the composer, also after a panel was closed", async () => {
  const ana = await server.window("ana");
  const { keyboard } = ana.page;
  await ana.page.evaluate("document.activeElement.blur()");
  await keyboard.type("hi");
  expect(await ana.composer.inputValue()).toBe("hi");
  await ana.composer.fill("");
  await keyboard.press("Control+Shift+f");
  await ana.finder.waitFor();
  await keyboard.press("Control+k");
  await until("the composer has the focus", () =>
    ana.page.evaluate<boolean>("document.activeElement.matches('.composer textarea')"),
  );
  const isTranslated = (place: string) =>
    ana.page.evaluate<boolean>(`document.querySelector("${place}").translate`);
  expect([await isTranslated("h1"), await isTranslated(".words")]).toEqual([false, true]);
});

/** As a browser that translates the page: new elements instead of the text nodes. */
const TRANSLATE = `{
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const nodes = [];
  while (walk.nextNode()) nodes.push(walk.currentNode);
  for (const node of nodes.filter(({ parentElement }) => parentElement.translate)) {
    const font = document.createElement("font");
    font.textContent = node.data.replace("hall", "Saal");
    node.replaceWith(font);
  }
}`;

pageTest("shows an edit of a message that the browser has translated", async () => {
  const ana = await server.window("ana");
  const ben = await server.headlessUser("editor");
  const seq = await ben.post("9:00 in hall B");
  await ana.waitForMessage("in hall B");
  await ana.page.evaluate(TRANSLATE);
  const words = ana.page.locator(`article[data-seq="${seq}"] .words`);
  expect(await words.textContent()).toBe("9:00 in Saal B");
  await ben.tab.ask("edit", { seq, text: "8:00 in hall C" });
  await words.getByText("8:00 in hall C").waitFor();
  expect(await words.textContent()).toBe("8:00 in hall C (edited)");
});
