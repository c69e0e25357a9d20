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

pageTest("keys on the page go to the composer, also after a panel was closed", async () => {
  const ana = await server.window("ana");
  const { keyboard } = ana.page;
  await ana.page.evaluate("document.activeElement.blur()");
  await keyboard.type("hi");
  expect(await ana.composer.inputValue()).toBe("hi");
  await ana.composer.fill("");
  await keyboard.press("Control+Shift+f");
  await ana.field("Search for").waitFor();
  await keyboard.press("Escape");
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
